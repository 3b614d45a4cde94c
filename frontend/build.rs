//! Turns `locales/zh-CN.toml` and `locales/en.toml` into `enum Msg` with one variant per text and one field per
//! placeholder, so that a missing key or placeholder in either language does not compile.
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
    let mut arms = String::new();
    let mut problems = Vec::new();
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
        let name = camel(key);
        let list: Vec<&str> = fields.iter().map(String::as_str).collect();
        let pattern =
            if fields.is_empty() { name.clone() } else { format!("{name} {{ {} }}", list.join(", ")) };
        if fields.is_empty() {
            let _ = writeln!(variants, "    {name},");
        } else {
            let typed: Vec<String> = list.iter().map(|field| format!("{field}: &'a str")).collect();
            let _ = writeln!(variants, "    {name} {{ {} }},", typed.join(", "));
        }
        let _ = writeln!(arms, "        (Lang::ZhCn, Msg::{pattern}) => {},", expression(&chinese));
        let _ = writeln!(arms, "        (Lang::En, Msg::{pattern}) => {},", expression(&english));
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }

    let code = format!(
        "/// Every text of the web app; its arguments are fields.\n\
         #[derive(Clone, Copy, PartialEq, Debug)]\n#[allow(missing_docs)]\npub enum Msg<'a> {{\n{variants}}}\n\n\
         #[allow(clippy::match_same_arms, unused_variables)]\n\
         fn render(lang: Lang, msg: Msg<'_>) -> AttrValue {{\n    match (lang, msg) {{\n{arms}    }}\n}}\n"
    );
    let out = std::env::var("OUT_DIR").map_err(|e| e.to_string())?;
    std::fs::write(Path::new(&out).join("msg.rs"), code).map_err(|e| e.to_string())
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

fn expression(pieces: &[Piece]) -> String {
    let plain: Vec<&str> =
        pieces.iter().filter_map(|p| if let Piece::Words(w) = p { Some(w.as_str()) } else { None }).collect();
    if plain.len() == pieces.len() {
        return format!("AttrValue::Static({:?})", plain.concat());
    }
    let parts: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Words(words) => format!("{words:?}"),
            Piece::Argument(argument) => argument.clone(),
            Piece::Choice { argument, one, other } => {
                format!("if {argument} == \"1\" {{ {one:?} }} else {{ {other:?} }}")
            }
        })
        .collect();
    format!("join(&[{}])", parts.join(", "))
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
