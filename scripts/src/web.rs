//! The web app: from Rust and CSS to the folder `frontend/dist` that the server embeds.
//!
//! Cargo compiles, `wasm-split` takes out the parts that `frontend/src/parts.rs` names, `wasm-bindgen` writes the glue, npm's `wasm-opt`
//! shrinks. Every file but `index.html` carries a hash
//! of its content in its name and may be cached for ever; beside it lie a brotli and a gzip form. The same sources
//! give the same bytes.

mod bundle;
mod compress;
mod site;
mod stamp;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wasm_bindgen_cli_support::Bindgen;

use crate::processes::{TemporaryFolder, log_to, run_logged};
use crate::workspace::Workspace;
use crate::{Context, Failure, Outcome, browser, system};
use bundle::Bundle;
use site::Site;

const BOOT: &str = include_str!("web/boot.js");
const NOTICE: &str = include_str!("web/notice.js");
const OLD: &str = include_str!("web/old.js");

/// Bytes of WebAssembly over the wire, brotli: aimed at, and never more than.
const WASM_BUDGET: (usize, usize) = (450_000, 600_000);
/// Bytes of all parts together; nobody loads more of them than the pages that they open need, so their sum grows with the pages that there are
/// and with what leaves the app itself.
const PARTS_BUDGET: (usize, usize) = (1_100_000, 1_300_000);
/// Bytes of the glue and the loader over the wire, brotli.
const SCRIPT_BUDGET: (usize, usize) = (18_000, 25_000);
/// Bytes of CSS over the wire, brotli.
const STYLE_BUDGET: (usize, usize) = (20_000, 30_000);

/// How to build.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Fast and unoptimised: no `wasm-opt`, no compressed forms, no budgets.
    pub dev: bool,
    /// Where the output of cargo and the other tools goes; the terminal if nowhere else.
    pub log: Option<&'a Path>,
}

/// Builds the web app unless `frontend/dist` is already what the sources give. Answers with a line about its size.
///
/// # Errors
/// When it does not compile, a tool fails or a budget is broken.
pub fn build(workspace: &Workspace, options: Options<'_>) -> Outcome<String> {
    system::provide_wasm_target(workspace)?;
    let frontend = workspace.root.join("frontend");
    let shrink = match optimiser(workspace, options) {
        Ok(tool) => Some(tool),
        Err(reason) => {
            if !options.dev {
                println!("the web app is not optimised for size: {reason}");
            }
            None
        }
    };
    let dist = frontend.join("dist");
    let inputs = stamp::inputs(workspace, &[options.dev.to_string(), shrink.is_some().to_string()])?;
    let stamp_file = workspace.target.join("xtask-web.stamp");
    if let Some(summary) = stamp::summary_if_fresh(&stamp_file, &inputs, &dist) {
        return Ok(summary);
    }

    let style = styles(&frontend.join("styles"))?;
    let undefined = undefined_properties(&style, &sources(&frontend.join("src"))?);
    if !undefined.is_empty() {
        return Err(Failure::new(format!(
            "frontend/styles: no style sheet and no component defines {}",
            undefined.join(", ")
        )));
    }

    let compiled = compile(workspace, options)?;
    let scratch = TemporaryFolder::new(&workspace.target, "xtask-web")?;
    let bound = scratch.path().join("bound");
    let mut divided = Divided::divide(&compiled, scratch.path())?;
    let small = Bundle::take(&mut divided.parts)?;
    Bindgen::new()
        .input_path(&divided.main)
        .web(true)
        .and_then(|bindgen| {
            bindgen.out_name("app").typescript(false).omit_default_module_path(true);
            // The parts share the table of functions with the app.
            bindgen.keep_lld_exports(true);
            bindgen.keep_debug(options.dev).remove_name_section(!options.dev).remove_producers_section(true);
            bindgen.generate(&bound)
        })
        .map_err(|error| Failure::new(format!("wasm-bindgen: {error:#}")))?;
    let wasm = bound.join("app_bg.wasm");
    let log = options.log.map_or_else(|| workspace.logs().join("wasm-opt.log"), Path::to_owned);
    for file in divided.parts.iter().chain([&wasm]) {
        let Some(tool) = &shrink else { break };
        let mut command = Command::new("node");
        command.arg(tool).arg(file).arg("-o").arg(file).args([
            "--flatten",
            "--rereloop",
            "-Oz",
            "-Oz",
            "--strip-debug",
            "--strip-producers",
        ]);
        for feature in
            ["bulk-memory", "nontrapping-float-to-int", "reference-types", "multivalue", "sign-ext"]
        {
            command.arg(format!("--enable-{feature}"));
        }
        // It warns of names in every file that are of a kind it does not know; they are stripped.
        if !run_logged(&mut command, &log)? {
            return Err(Failure::new(format!("wasm-opt failed, see {}", log.display())));
        }
    }

    let mut site = Site::default();
    site.add_snippets(&bound.join("snippets"))?;
    let glue = site.linked(&fs::read_to_string(bound.join("app.js"))?);
    let wasm = site.add("app.wasm", fs::read(&wasm)?)?;
    let bundle = site.add("bundle.bin", small.bytes.clone())?;
    let mut loader = small.linked(&fs::read_to_string(&divided.loader)?, &bundle)?;
    let mut parts = vec![bundle];
    for part in &divided.parts {
        let name = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let url = site.add(&name, fs::read(part)?)?;
        loader = loader.replace(&format!("\"./{name}\""), &format!("{url:?}"));
        parts.push(url);
    }
    let [glue, loader] = site.add_pair(("app.js", glue), (Divided::LOADER, loader))?;
    let boot = BOOT.replace("{{glue}}", &glue).replace("{{wasm}}", &wasm);
    let boot = site.add("boot.js", format!("{NOTICE}\n{boot}").into_bytes())?;
    let old = site.add("old.js", format!("{NOTICE}\n{OLD}").into_bytes())?;
    site.add_assets(&frontend.join("assets"))?;
    let style = site.add("style.css", site.filled(&style)?.into_bytes())?;
    for (name, url) in [("glue", &glue), ("wasm", &wasm), ("boot", &boot), ("old", &old), ("style", &style)] {
        site.name(name, url);
    }
    let template = fs::read_to_string(frontend.join("index.html")).context("frontend/index.html")?;
    site.add_page("index.html", site.filled(&template)?.into_bytes());
    if !options.dev {
        site.compress()?;
    }

    let summary = if options.dev {
        "web app: unoptimised".to_owned()
    } else {
        let sizes = [
            ("wasm", vec![&wasm], WASM_BUDGET),
            ("parts", parts.iter().collect(), PARTS_BUDGET),
            ("script", vec![&glue, &loader, &boot], SCRIPT_BUDGET),
            ("css", vec![&style], STYLE_BUDGET),
        ];
        weigh(&site, &sizes)?
    };
    site.write(&dist)?;
    stamp::write(&stamp_file, &inputs, &summary, &dist)?;
    Ok(summary)
}

/// The app, divided.
struct Divided {
    main: PathBuf,
    /// What is loaded later: the parts, and what several of them share, but for what is small.
    parts: Vec<PathBuf>,
    /// The script through which the app loads them.
    loader: PathBuf,
}

impl Divided {
    /// How the glue calls the loader.
    const LOADER: &str = "parts.js";

    fn divide(compiled: &Path, folder: &Path) -> Outcome<Divided> {
        let whole = fs::read(compiled).context(compiled.display())?;
        let main = folder.join("app.wasm");
        let link_name = format!("./{}", Self::LOADER);
        let mut options = wasm_split_cli_support::Options::new(&whole);
        options.output_dir = folder;
        options.main_out_path = &main;
        options.link_name = &link_name;
        options.main_module = "./app.js";
        let divided = wasm_split_cli_support::transform(options)
            .map_err(|error| Failure::new(format!("wasm-split: {error:#}")))?;
        let mut parts = divided.split_modules;
        parts.sort();
        Ok(Divided { main, parts, loader: folder.join(Self::LOADER) })
    }
}

/// The path of npm's `wasm-opt`, or why it is not used.
fn optimiser(workspace: &Workspace, options: Options<'_>) -> Outcome<PathBuf> {
    if options.dev {
        return Err(Failure::new("--dev"));
    }
    if std::env::var("UI_WASM_OPT").is_ok_and(|value| value == "0") {
        return Err(Failure::new("UI_WASM_OPT=0"));
    }
    if system::node_version().is_none_or(|version| version < 18) || system::find_program("npm").is_none() {
        return Err(Failure::new("Node.js 18 or newer with npm was not found"));
    }
    Ok(browser::packages(workspace, options.log)?.join("binaryen/bin/wasm-opt"))
}

fn compile(workspace: &Workspace, options: Options<'_>) -> Outcome<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    // Paths of this machine would make the bytes differ from those of another, and tell visitors about it.
    let mut flags = [(home.as_path(), "cargo"), (workspace.root.as_path(), "guanxi")]
        .map(|(path, name)| format!("{:?}", format!("--remap-path-prefix={}=/{name}", path.display())))
        .to_vec();
    // What refers to what, which decides what goes into which part.
    flags.push(format!("{:?}", "-Clink-args=--emit-relocs"));
    let mut command = workspace.cargo();
    command.args(["build", "--package", "guanxi-web", "--target", "wasm32-unknown-unknown"]);
    command.args([
        "--profile",
        if options.dev { "dev" } else { "wasm" },
        "--message-format=json-render-diagnostics",
    ]);
    command.arg("--config").arg(format!("target.wasm32-unknown-unknown.rustflags=[{}]", flags.join(",")));
    if let Some(log) = options.log {
        log_to(&mut command, log)?;
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cargo")?;
    let mut messages = String::new();
    if let Some(mut out) = child.stdout.take() {
        out.read_to_string(&mut messages)?;
    }
    if !child.wait()?.success() {
        return Err(Failure::new("the web app does not compile"));
    }
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["target"]["name"].as_str().is_some_and(|name| name.replace('_', "-") == "guanxi-web")
        })
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
        .ok_or_else(|| Failure::new("cargo has built no WebAssembly for guanxi-web"))
}

/// The style sheets one after another, by name: the numbers they begin with are the order of the cascade.
fn styles(folder: &Path) -> Outcome<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .context(folder.display())?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "css"))
        .collect();
    files.sort();
    let mut all = String::new();
    for file in files {
        all.push_str(&fs::read_to_string(&file).context(file.display())?);
        all.push('\n');
    }
    Ok(all)
}

/// The Rust sources below a folder, one after another.
fn sources(folder: &Path) -> Outcome<String> {
    let mut all = String::new();
    for entry in fs::read_dir(folder).context(folder.display())? {
        let path = entry?.path();
        if path.is_dir() {
            all.push_str(&sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(&path).context(path.display())?);
        }
        all.push('\n');
    }
    Ok(all)
}

/// The custom properties that a style sheet takes without anything to fall back on, although neither it nor a component defines them: what
/// they should colour is seen by nobody, and no browser says so. Components define them in `style` attributes or by `set_property`.
fn undefined_properties(style: &str, sources: &str) -> Vec<String> {
    let style = without_comments(style);
    let mut defined: BTreeSet<&str> = properties(&style)
        .filter(|(before, _, after)| after.starts_with(':') || before.trim_end().ends_with("@property"))
        .map(|(_, name, _)| name)
        .collect();
    defined.extend(
        properties(sources)
            .filter(|(before, _, after)| {
                let call = before.strip_suffix('"').map(str::trim_end);
                after.starts_with(':') || call.is_some_and(|call| call.ends_with("set_property("))
            })
            .map(|(_, name, _)| name),
    );
    let used: BTreeSet<&str> = properties(&style)
        .filter(|(before, _, after)| before.trim_end().ends_with("var(") && after.starts_with(')'))
        .map(|(_, name, _)| name)
        .collect();
    used.difference(&defined).map(|name| (*name).to_owned()).collect()
}

/// Every name of a custom property in a text, with what stands before it and what comes after it but for blanks.
fn properties(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    text.match_indices("--").filter_map(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let belongs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        // Not the middle of a name, such as that of a class.
        if before.ends_with(belongs) {
            return None;
        }
        let (name, after) = rest.split_at(rest.find(|c| !belongs(c)).unwrap_or(rest.len()));
        (name.len() > 2).then(|| (before, name, after.trim_start()))
    })
}

fn without_comments(style: &str) -> String {
    let mut pieces = style.split("/*");
    let mut bare = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        bare.push_str(piece.split_once("*/").map_or("", |(_, after)| after));
    }
    bare
}

/// A line with the sizes; a warning past a budget, a failure past its limit.
fn weigh(site: &Site, parts: &[(&str, Vec<&String>, (usize, usize))]) -> Outcome<String> {
    let mut texts = Vec::new();
    for (name, urls, (budget, limit)) in parts {
        let (raw, packed) =
            urls.iter().map(|url| site.sizes(url)).fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        if packed > *limit {
            return Err(Failure::new(format!(
                "{name}: {packed} bytes brotli, more than the limit of {limit}"
            )));
        }
        let note = if packed > *budget { format!(" (past the budget of {budget})") } else { String::new() };
        texts.push(format!("{name} {raw} bytes, {packed} brotli{note}"));
    }
    Ok(format!("web app: {}", texts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_nothing_defines_is_found() {
        let style = "/* --old: 1; var(--older) */ :root { --line: #eee; --wide : 2px }
            @property --turn { syntax: '<angle>'; inherits: false; initial-value: 0deg }
            .a { border: var(--wide) solid var(--line); stroke: var(--lines); rotate: var( --turn ) }
            .b--wide { width: var(--share); height: var(--tall); color: var(--ink, var(--paper)); fill: var(--old) }";
        let sources = r#"html! { <i style={format!("--share: {share}%")} /> };
            let _ = style.set_property(
                "--tall", "1px");"#;
        assert_eq!(undefined_properties(style, sources), ["--lines", "--old", "--paper"]);
        assert_eq!(undefined_properties(style, ""), ["--lines", "--old", "--paper", "--share", "--tall"]);
    }

    #[test]
    fn the_style_sheets_define_what_they_take() -> Outcome {
        let frontend = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend");
        let style = styles(&frontend.join("styles"))?;
        assert_eq!(undefined_properties(&style, &sources(&frontend.join("src"))?), Vec::<String>::new());
        Ok(())
    }
}
