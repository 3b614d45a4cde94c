//! Whether `frontend/dist` is what the sources give.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::site::{collect, hash};
use crate::workspace::Workspace;
use crate::{Context, Outcome};

/// A hash of everything that decides what the web app becomes.
pub fn inputs(workspace: &Workspace, settings: &[String]) -> Outcome<String> {
    let mut files = BTreeMap::new();
    for folder in
        ["frontend/src", "frontend/styles", "frontend/assets", "frontend/locales", "openapi/src", ".cargo"]
    {
        collect(&workspace.root.join(folder), folder, &mut files)?;
    }
    for file in [
        "Cargo.toml",
        "Cargo.lock",
        "frontend/Cargo.toml",
        "frontend/build.rs",
        "frontend/index.html",
        "openapi/Cargo.toml",
        "scripts/src/web.rs",
        "scripts/src/web/site.rs",
        "scripts/src/web/bundle.rs",
        "scripts/src/web/compress.rs",
        "scripts/src/web/boot.js",
        "scripts/src/web/notice.js",
        "scripts/src/web/old.js",
        "frontend/e2e/package.json",
    ] {
        if let Ok(content) = fs::read(workspace.root.join(file)) {
            files.insert(file.to_owned(), content);
        }
    }
    let compiler = workspace.command("rustc").arg("--version").output()?.stdout;
    let mut all = settings.join(" ").into_bytes();
    all.extend(compiler);
    for (name, content) in files {
        all.extend(format!("\n{name} {}\n", content.len()).into_bytes());
        all.extend(content);
    }
    Ok(hash(&all))
}

/// The line about sizes of the last build, when `dist` still is what that build made from the same inputs.
pub fn summary_if_fresh(file: &Path, inputs: &str, dist: &Path) -> Option<String> {
    let stamp = fs::read_to_string(file).ok()?;
    let (first, summary) = stamp.split_once('\n')?;
    let fresh = first == format!("{inputs} {}", outputs(dist).ok()?);
    fresh.then(|| summary.to_owned())
}

/// Notes what `dist` was made from.
pub fn write(file: &Path, inputs: &str, summary: &str, dist: &Path) -> Outcome {
    fs::write(file, format!("{inputs} {}\n{summary}", outputs(dist)?)).context(file.display())
}

fn outputs(dist: &Path) -> Outcome<String> {
    let mut files = BTreeMap::new();
    collect(dist, "", &mut files)?;
    // Names carry the hashes of their contents; only the page has to be looked into.
    let page = files.get("/index.html").map(|page| hash(page)).unwrap_or_default();
    let sizes: Vec<String> =
        files.iter().map(|(name, content)| format!("{name}:{}", content.len())).collect();
    Ok(hash(format!("{page} {}", sizes.join(" ")).as_bytes()))
}
