//! The files of the web app, in memory until all of them are known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::compress;
use crate::{Context, Failure, Outcome};

/// What `frontend/dist` will hold, by path, and what templates may call each file.
#[derive(Default)]
pub struct Site {
    files: BTreeMap<String, Vec<u8>>,
    names: BTreeMap<String, String>,
    snippets: Option<String>,
}

impl Site {
    /// Adds a file under `/assets` with the hash of its content in its name; answers with its URL.
    pub fn add(&mut self, name: &str, content: Vec<u8>) -> Outcome<String> {
        let (stem, extension) =
            name.rsplit_once('.').ok_or_else(|| Failure::new(format!("{name} has no ending")))?;
        let path = format!("assets/{stem}-{}.{extension}", hash(&content));
        let url = format!("/{path}");
        self.files.insert(path, content);
        Ok(url)
    }

    /// Adds two scripts that import each other; the hash in both names is that of both contents.
    pub fn add_pair(&mut self, one: (&str, String), other: (&str, String)) -> Outcome<[String; 2]> {
        let hash = hash(format!("{}{}", one.1, other.1).as_bytes());
        let mut names = Vec::new();
        for (name, _) in [&one, &other] {
            let (stem, extension) =
                name.rsplit_once('.').ok_or_else(|| Failure::new(format!("{name} has no ending")))?;
            names.push((format!("from \"./{name}\""), format!("{stem}-{hash}.{extension}")));
        }
        let mut urls = Vec::new();
        for ((_, content), (_, hashed)) in [one, other].into_iter().zip(&names) {
            let linked = names.iter().fold(content, |text, (import, hashed)| {
                text.replace(import, &format!("from \"./{hashed}\""))
            });
            self.files.insert(format!("assets/{hashed}"), linked.into_bytes());
            urls.push(format!("/assets/{hashed}"));
        }
        <[String; 2]>::try_from(urls).map_err(|_| Failure::new("two scripts have two names"))
    }

    /// Lets templates say `{{name}}` for a URL.
    pub fn name(&mut self, name: &str, url: &str) {
        self.names.insert(name.to_owned(), url.to_owned());
    }

    /// Adds a file under its own name at the top.
    pub fn add_page(&mut self, name: &str, content: Vec<u8>) {
        self.files.insert(name.to_owned(), content);
    }

    /// Adds every file of `folder`; templates call them `{{asset:name}}`. Text may call the others, so it comes last.
    pub fn add_assets(&mut self, folder: &Path) -> Outcome {
        if !folder.is_dir() {
            return Ok(());
        }
        let is_text = |name: &str| name.ends_with(".webmanifest");
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).context(folder.display())? {
            let path = entry?.path();
            if path.is_file() {
                files.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), path));
            }
        }
        files.sort_by_key(|(name, _)| (is_text(name), name.clone()));
        for (name, path) in files {
            let mut content = fs::read(&path).context(path.display())?;
            if is_text(&name) {
                content = self.filled(&String::from_utf8_lossy(&content))?.into_bytes();
            }
            let url = self.add(&name, content)?;
            self.name(&format!("asset:{name}"), &url);
        }
        Ok(())
    }

    /// Adds the scripts that libraries bring along, in a folder named by the hash of them all.
    pub fn add_snippets(&mut self, folder: &Path) -> Outcome {
        let mut found = BTreeMap::new();
        collect(folder, "", &mut found)?;
        if found.is_empty() {
            return Ok(());
        }
        let all: Vec<u8> =
            found.iter().flat_map(|(name, content)| [name.as_bytes(), content].concat()).collect();
        let place = format!("snippets-{}", hash(&all));
        self.files
            .extend(found.into_iter().map(|(name, content)| (format!("assets/{place}{name}"), content)));
        self.snippets = Some(place);
        Ok(())
    }

    /// The glue with its imports pointing at where the snippets are.
    #[must_use]
    pub fn linked(&self, glue: &str) -> String {
        match &self.snippets {
            Some(place) => glue.replace("./snippets/", &format!("./{place}/")),
            None => glue.to_owned(),
        }
    }

    /// The text with every `{{…}}` replaced.
    ///
    /// # Errors
    /// When a placeholder has no meaning.
    pub fn filled(&self, template: &str) -> Outcome<String> {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) = after.split_once("}}").ok_or_else(|| Failure::new("{{ without }}"))?;
            let url = self
                .names
                .get(name.trim())
                .ok_or_else(|| Failure::new(format!("{{{{{name}}}}} is unknown")))?;
            text.push_str(before);
            text.push_str(url);
            rest = behind;
        }
        text.push_str(rest);
        Ok(text)
    }

    /// Adds a brotli and a gzip form beside every file that gains from it.
    pub fn compress(&mut self) -> Outcome {
        let mut packed = Vec::new();
        for (path, content) in &self.files {
            for (ending, bytes) in [("br", compress::brotli(content)?), ("gz", compress::gzip(content)?)] {
                if bytes.len() < content.len() {
                    packed.push((format!("{path}.{ending}"), bytes));
                }
            }
        }
        self.files.extend(packed);
        Ok(())
    }

    /// Bytes of a file as it is and in brotli.
    #[must_use]
    pub fn sizes(&self, url: &str) -> (usize, usize) {
        let path = url.trim_start_matches('/');
        let length = |path: &str| self.files.get(path).map(Vec::len);
        let raw = length(path).unwrap_or(0);
        (raw, length(&format!("{path}.br")).unwrap_or(raw))
    }

    /// Makes `folder` hold exactly these files. What is already right is not touched, `index.html` is written last.
    pub fn write(&self, folder: &Path) -> Outcome {
        let mut present = BTreeMap::new();
        collect(folder, "", &mut present)?;
        let kept: BTreeSet<String> = self.files.keys().map(|path| format!("/{path}")).collect();
        let is_page = |path: &str| path.starts_with("index.html");
        let (pages, assets): (Vec<_>, Vec<_>) = self.files.iter().partition(|(path, _)| is_page(path));
        for (path, content) in assets.into_iter().chain(pages) {
            if present.get(&format!("/{path}")) != Some(content) {
                let target = folder.join(path);
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)?;
                }
                fs::write(&target, content).context(target.display())?;
            }
        }
        for path in present.keys().filter(|path| !kept.contains(*path)) {
            fs::remove_file(folder.join(path.trim_start_matches('/')))?;
        }
        Ok(())
    }
}

/// Reads every file below `folder`, by its path with `/` in front.
pub fn collect(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) -> Outcome {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).context(folder.display())? {
        let path = entry?.path();
        let name = format!("{prefix}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            collect(&path, &name, into)?;
        } else {
            into.insert(name, fs::read(&path).context(path.display())?);
        }
    }
    Ok(())
}

/// The first ten hexadecimal digits of SHA-256.
pub fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}
