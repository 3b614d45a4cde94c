//! Small pieces of the app in one file.
//!
//! What several parts share is divided by which of them share it, so most pieces are far smaller than what asking for a file costs. They lie
//! one after another in a bundle, which the loader fetches once and cuts up.

use std::fs;
use std::path::PathBuf;

use crate::{Context, Failure, Outcome};

/// Bytes below which a piece goes into the bundle; there are hundreds below it and a few dozen above.
const SMALL: usize = 2_500;

/// What stands at the head of the loader, `{{url}}` being the bundle's.
const FETCHER: &str = r#"let bundle;
async function piece(from, to) {
    bundle ??= fetch(new URL("{{url}}", import.meta.url)).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.url}: ${answer.status}`);
        return answer.arrayBuffer();
    });
    const mine = bundle;
    try {
        return new Response((await mine).slice(from, to), { headers: { "Content-Type": "application/wasm" } });
    } catch (error) {
        if (bundle === mine) bundle = undefined;
        throw error;
    }
}
"#;

/// The small pieces, by name, with where each one stands in the bundle.
#[derive(Default)]
pub struct Bundle {
    pub bytes: Vec<u8>,
    places: Vec<(String, usize, usize)>,
}

impl Bundle {
    /// Takes the small ones out of `files`.
    ///
    /// # Errors
    /// When a file cannot be read or is no WebAssembly.
    pub fn take(files: &mut Vec<PathBuf>) -> Outcome<Bundle> {
        let mut bundle = Bundle::default();
        let mut large = Vec::new();
        for file in files.drain(..) {
            let bare = without_names(&fs::read(&file).context(file.display())?)?;
            if bare.len() >= SMALL {
                large.push(file);
                continue;
            }
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let from = bundle.bytes.len();
            bundle.bytes.extend(bare);
            bundle.places.push((name, from, bundle.bytes.len()));
        }
        *files = large;
        Ok(bundle)
    }

    /// The loader, cutting the pieces out of the bundle at `url`.
    ///
    /// # Errors
    /// When it does not ask for a piece as it is known to.
    pub fn linked(&self, loader: &str, url: &str) -> Outcome<String> {
        let mut text = loader.to_owned();
        for (name, from, to) in &self.places {
            let asked = format!("fetch(new URL(\"./{name}\", import.meta.url))");
            if !text.contains(&asked) {
                return Err(Failure::new(format!("the loader does not ask for {name}")));
            }
            text = text.replace(&asked, &format!("piece({from}, {to})"));
        }
        // Imports stand first.
        let at = text.find(";\n").map_or(0, |at| at + 2);
        text.insert_str(at, &FETCHER.replace("{{url}}", url));
        Ok(text)
    }
}

/// A module without the sections that are not code, such as the names of functions.
fn without_names(module: &[u8]) -> Outcome<Vec<u8>> {
    let broken = || Failure::new("no WebAssembly");
    let mut bare = module.get(..8).ok_or_else(broken)?.to_vec();
    let mut at = 8;
    while let Some(&kind) = module.get(at) {
        let (mut length, mut shift, mut end) = (0_usize, 0, at + 1);
        loop {
            let byte = *module.get(end).ok_or_else(broken)?;
            length |= usize::from(byte & 0x7f) << shift;
            end += 1;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 28 {
                return Err(broken());
            }
        }
        let section = module.get(at..end + length).ok_or_else(broken)?;
        if kind != 0 {
            bare.extend(section);
        }
        at = end + length;
    }
    Ok(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: [u8; 8] = [0, b'a', b's', b'm', 1, 0, 0, 0];

    #[test]
    fn names_go_and_code_stays() {
        let code = [10, 2, 1, 0];
        let names = [0, 5, 4, b'n', b'a', b'm', b'e'];
        let module = [&EMPTY[..], &names, &code].concat();
        assert_eq!(without_names(&module).ok(), Some([&EMPTY[..], &code].concat()));
        assert!(without_names(&module[..12]).is_err());
    }

    #[test]
    fn the_loader_cuts_pieces_out() {
        let bundle = Bundle { bytes: Vec::new(), places: vec![("a.wasm".into(), 3, 9)] };
        let loader =
            "import { initSync } from \"./app.js\";\n\nfetch(new URL(\"./a.wasm\", import.meta.url))";
        let linked = bundle.linked(loader, "/assets/b.bin").unwrap_or_default();
        assert!(linked.starts_with("import { initSync } from \"./app.js\";\nlet bundle;"));
        assert!(linked.contains("\"/assets/b.bin\"") && linked.ends_with("piece(3, 9)"));
        assert!(bundle.linked("else", "/b").is_err());
    }
}
