//! Turns `locales/zh-CN.toml` and `locales/en.toml` into `enum Msg` with one variant per text and one field per
//! placeholder, so that a missing key or placeholder in either language does not compile.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)] // Cargo reads a build script's instructions from its standard output.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

type Texts = BTreeMap<String, String>;

/// A piece of a text: words as they stand, an argument, or a choice by an argument's being "1".
enum Piece {
    Words(String),
    Argument(String),
    Choice { argument: String, one: String, other: String },
}

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=build.rs");
    let zh = read(Path::new("locales/zh-CN.toml"))?;
    let en = read(Path::new("locales/en.toml"))?;
    let keys: BTreeSet<&String> = zh.keys().chain(en.keys()).collect();

    let mut variants = String::new();
    let (mut lines, mut arguments_of) = (String::new(), String::new());
    let mut texts: [Vec<String>; 2] = Default::default();
    let mut problems = Vec::new();
    let mut most = 0;
    for key in keys {
        let (Some(chinese), Some(english)) = (zh.get(key), en.get(key)) else {
            problems.push(format!("`{key}` is missing in one language"));
            continue;
        };
        let (chinese, english) = (pieces(key, chinese)?, pieces(key, english)?);
        let fields = arguments(&chinese);
        if fields != arguments(&english) {
            problems.push(format!("`{key}` has other placeholders in the other language"));
            continue;
        }
        let (name, line) = (camel(key), texts[0].len());
        let list: Vec<&str> = fields.iter().map(String::as_str).collect();
        most = most.max(list.len());
        if list.is_empty() {
            let _ = writeln!(variants, "    {name},");
            let _ = writeln!(lines, "            Msg::{name} => {line},");
        } else {
            let typed: Vec<String> = list.iter().map(|field| format!("{field}: &'a str")).collect();
            let _ = writeln!(variants, "    {name} {{ {} }},", typed.join(", "));
            let _ = writeln!(lines, "            Msg::{name} {{ .. }} => {line},");
            let _ = writeln!(
                arguments_of,
                "            Msg::{name} {{ {} }} => read(&[{}]),",
                list.join(", "),
                list.join(", ")
            );
        }
        for (texts, pieces) in texts.iter_mut().zip([&chinese, &english]) {
            texts.push(packed(key, pieces, &list)?);
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    if most > 9 {
        return Err("a text has more than nine placeholders".into());
    }

    let code = format!(
        "/// Every text of the web app; its arguments are fields.\n\
         #[derive(Clone, Copy, PartialEq, Debug)]\n#[allow(missing_docs)]\npub enum Msg<'a> {{\n{variants}}}\n\n\
         impl Msg<'_> {{\n    /// Which of the texts it is.\n    const fn line(self) -> usize {{\n        match self {{\n{lines}        }}\n    }}\n\n\
         \x20   fn with_arguments<R>(self, read: impl FnOnce(&[&str]) -> R) -> R {{\n        match self {{\n{arguments_of}            \
         _ => read(&[]),\n        }}\n    }}\n}}\n"
    );
    let out = std::env::var("OUT_DIR").map_err(|e| e.to_string())?;
    let [chinese, english] = texts.map(|texts| texts.join("\0"));
    for (file, text) in [("msg.rs", code), ("zh-CN.texts", chinese), ("en.texts", english)] {
        std::fs::write(Path::new(&out).join(file), text).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Texts, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let table: toml::Table = text.parse().map_err(|e| format!("{}: {e}", path.display()))?;
    let mut texts = Texts::new();
    flatten("", &table, &mut texts)?;
    Ok(texts)
}

fn flatten(prefix: &str, table: &toml::Table, texts: &mut Texts) -> Result<(), String> {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}_{key}") };
        match value {
            toml::Value::String(text) => {
                texts.insert(name, text.clone());
            }
            toml::Value::Table(inner) => flatten(&name, inner, texts)?,
            _ => return Err(format!("`{name}` is neither a text nor a table")),
        }
    }
    Ok(())
}

fn pieces(key: &str, text: &str) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once('{') {
        if !words.is_empty() {
            found.push(Piece::Words(words.into()));
        }
        let (inside, after) =
            after.split_once('}').ok_or(format!("`{key}`: an opening brace is never closed"))?;
        found.push(match inside.split_once(':') {
            None => Piece::Argument(inside.into()),
            Some((argument, words)) => {
                let (one, other) =
                    words.split_once('|').ok_or(format!("`{key}`: a choice is written {{n:one|other}}"))?;
                Piece::Choice { argument: argument.into(), one: one.into(), other: other.into() }
            }
        });
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Words(rest.into()));
    }
    Ok(found)
}

fn arguments(pieces: &[Piece]) -> BTreeSet<String> {
    pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Words(_) => None,
            Piece::Argument(argument) | Piece::Choice { argument, .. } => Some(argument.clone()),
        })
        .collect()
}

/// A text as the web app carries it: an argument is U+0001 and its number, a choice U+0002, the number, one form, U+0003, the other,
/// U+0004. So a text costs its letters and no code.
fn packed(key: &str, pieces: &[Piece], arguments: &[&str]) -> Result<String, String> {
    let number = |argument: &str| arguments.iter().position(|known| *known == argument).unwrap_or_default();
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Words(words) => text.push_str(words),
            Piece::Argument(argument) => {
                let _ = write!(text, "\u{1}{}", number(argument));
            }
            Piece::Choice { argument, one, other } => {
                let _ = write!(text, "\u{2}{}{one}\u{3}{other}\u{4}", number(argument));
            }
        }
    }
    let written = pieces.iter().flat_map(|piece| match piece {
        Piece::Words(words) => vec![words],
        Piece::Argument(_) => Vec::new(),
        Piece::Choice { one, other, .. } => vec![one, other],
    });
    if written.into_iter().any(|words| words.contains(|c: char| c < '\u{5}')) {
        return Err(format!("`{key}` holds a control character"));
    }
    Ok(text)
}

/// `sign_in.title` is `SignInTitle`.
fn camel(key: &str) -> String {
    key.split(['_', '.'])
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}
