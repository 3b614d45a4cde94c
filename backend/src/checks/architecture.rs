use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file with this ending below a folder: path from the workspace, and text.
fn sources(folder: &str, ending: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "dist", "node_modules"].contains(&name.as_str()) {
                walk(&path, ending, found);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut paths = Vec::new();
    walk(&root.join(folder), ending, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no {ending} in {folder}");
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a text");
            (path.strip_prefix(&root).expect("below the workspace").display().to_string(), text)
        })
        .collect()
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> String {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    // Where rooms say which routes they have.
    let code = code.replace("utoipa_actix_web::", "");
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &str) -> bool {
    ["/checks/", "/testing/"].iter().any(|part| path.contains(part))
        || path.ends_with("/tests.rs")
        || path.contains("/tests/")
}

/// The files of the server whose code has a text, tests left out.
fn server_files_with(text: &str) -> BTreeSet<String> {
    sources("backend/src", ".rs")
        .into_iter()
        .filter(|(path, source)| !is_test(path) && code(source).contains(text))
        .map(|(path, _)| path.trim_start_matches("backend/src/").to_owned())
        .collect()
}

#[track_caller]
fn assert_only(what: &str, found: &BTreeSet<String>, allowed: impl Fn(&str) -> bool) {
    assert!(!found.is_empty(), "nothing has {what}: the check looks in the wrong place");
    let others: Vec<&String> = found.iter().filter(|path| !allowed(path)).collect();
    assert!(others.is_empty(), "{what} has no business in {others:?}");
}

#[test]
fn architecture_sql_is_in_stores_only() {
    let is_store = |path: &str| path.ends_with("/store.rs");
    assert_only("diesel", &server_files_with("diesel::"), is_store);
    assert_only("sql_query", &server_files_with("sql_query"), is_store);
    assert_only("a table", &server_files_with("guanxi_db::schema"), is_store);
    for (path, text) in
        sources("backend/src", ".rs").into_iter().filter(|(path, _)| path.ends_with("/store.rs"))
    {
        // Private to its room, and nothing in it public beyond.
        assert!(
            !code(&text).contains("\npub fn ") && !code(&text).contains("\npub struct "),
            "{path} has something public"
        );
    }
    for (path, text) in sources("backend/src", "mod.rs") {
        assert!(!code(&text).contains("pub mod store"), "{path} opens its store");
    }
}

#[test]
fn architecture_http_is_at_the_edge_only() {
    let allowed = |path: &str| {
        let edge = ["app.rs", "error.rs", "background.rs", "server.rs", "main.rs", "idempotency/mod.rs"];
        edge.contains(&path)
            || path.starts_with("web/")
            || path.starts_with("access/")
            || path.ends_with("/routes.rs")
    };
    assert_only("actix_web", &server_files_with("actix_web::"), allowed);
    // In access only what stands between requests and rooms.
    let inner = ["sessions", "store", "tokens", "keys", "sealing", "password", "rights", "scope", "actor"];
    for path in server_files_with("actix_web::") {
        let name = path.strip_prefix("access/").and_then(|name| name.strip_suffix(".rs"));
        assert!(name.is_none_or(|name| !inner.contains(&name)), "{path}");
    }
}

#[test]
fn architecture_one_clock() {
    for text in ["SystemTime::now", "Utc::now", "Local::now"] {
        for path in server_files_with(text) {
            assert_eq!(path, "clock.rs", "{text}");
        }
    }
    assert!(server_files_with("SystemTime::now").contains("clock.rs"));
    for (path, text) in sources("backend/db/src", ".rs").into_iter().chain(sources("openapi/src", ".rs")) {
        assert!(!text.contains("SystemTime::now") && !text.contains("Utc::now"), "{path}");
    }
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let chrono = manifest.lines().find(|line| line.starts_with("chrono =")).expect("chrono");
    assert!(chrono.contains("default-features = false") && !chrono.contains("\"clock\""), "{chrono}");

    // Rooms ask the actor, so that one instant holds for a request.
    let edge = ["access/", "web/", "demo/"];
    let outside =
        ["clock.rs", "server.rs", "background.rs", "installation.rs", "installation/store.rs", "main.rs"];
    for path in server_files_with("clock::now") {
        let fits = edge.iter().any(|part| path.starts_with(part)) || outside.contains(&path.as_str());
        assert!(fits, "{path} asks the clock");
    }
    let rooms =
        ["customers", "org", "audit", "due", "listing", "idempotency", "names", "products", "holdings"];
    for room in rooms.into_iter().chain([
        "tasks",
        "interactions",
        "ownership",
        "surveys",
        "duplicates",
        "merging",
        "overview",
        "today",
        "relations",
        "following",
        "segments",
        "grades",
        "views",
        "bulk_actions",
        "reports",
        "jobs",
        "imports",
        "exports",
    ]) {
        for (path, text) in sources(&format!("backend/src/{room}"), ".rs") {
            if !is_test(&path) {
                let code = code(&text);
                for word in ["clock::", "Uuid::now_v7", "std::env", "std::thread", "std::time"] {
                    assert!(!code.contains(word), "{path} has {word}");
                }
            }
        }
    }
}

#[test]
fn architecture_the_contract_knows_neither_server_nor_browser() {
    for (path, text) in sources("openapi/src", ".rs") {
        for word in ["diesel", "actix", "yew", "web_sys"] {
            assert!(!code(&text).contains(&format!("{word}::")), "{path} has {word}");
        }
    }
    let manifest = std::fs::read_to_string(root().join("openapi/Cargo.toml")).expect("the manifest");
    for word in ["diesel", "actix", "yew"] {
        assert!(!manifest.contains(&format!("\n{word}")), "openapi/Cargo.toml has {word}");
    }
}

#[test]
fn architecture_rooms_depend_downwards() {
    const ORDER: [&str; 27] = [
        "names",
        "listing",
        "audit",
        "due",
        "jobs",
        "org",
        "customers",
        "products",
        "holdings",
        "relations",
        "following",
        "segments",
        "grades",
        "views",
        "tasks",
        "bulk_actions",
        "interactions",
        "ownership",
        "surveys",
        "duplicates",
        "merging",
        "overview",
        "today",
        "reports",
        "imports",
        "exports",
        "backup",
    ];
    for (n, room) in ORDER.iter().enumerate() {
        for (path, text) in sources(&format!("backend/src/{room}"), ".rs") {
            for above in &ORDER[n + 1..] {
                let knows = code(&text).contains(&format!("crate::{above}"));
                assert!(is_test(&path) || !knows, "{path} knows {above}");
            }
        }
    }
}

#[test]
fn architecture_the_web_app_keeps_to_its_policy() {
    for (path, text) in sources("frontend/src", ".rs") {
        let code = code(&text);
        for word in [" style=", "from_html_unchecked", "set_inner_html", "dangerously", "eval("] {
            assert!(!code.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn architecture_nothing_is_left_to_do() {
    let own = "backend/src/checks/architecture.rs";
    for folder in ["backend/src", "backend/db/src", "openapi/src", "frontend/src", "scripts/src"] {
        for (path, text) in sources(folder, ".rs") {
            for word in ["todo!", "unimplemented!", "TODO", "FIXME"] {
                assert!(path == own || !text.contains(word), "{path} has {word}");
            }
        }
    }
}

/// Every key of a TOML document, tables joined by dots, with the placeholders of its text.
fn keys(text: &str) -> BTreeSet<String> {
    fn walk(prefix: &str, value: &toml::Value, found: &mut BTreeSet<String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    walk(&format!("{prefix}.{name}"), value, found);
                }
            }
            other => {
                let text = other.as_str().unwrap_or_default();
                let mut placeholders: Vec<&str> =
                    // `{minutes:minute|minutes}` is the plural of a placeholder.
                    text.split('{').skip(1).filter_map(|part| part.split(['}', ':']).next()).collect();
                placeholders.sort_unstable();
                placeholders.dedup();
                found.insert(format!("{prefix} {placeholders:?}"));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk("", &toml::Value::Table(text.parse().expect("TOML")), &mut found);
    found
}

#[test]
fn architecture_both_languages_have_the_same_texts() {
    for folder in ["backend/locales", "frontend/locales"] {
        let read = |language: &str| {
            let path = root().join(folder).join(format!("{language}.toml"));
            keys(&std::fs::read_to_string(path).expect("the texts"))
        };
        let (chinese, english) = (read("zh-CN"), read("en"));
        assert!(chinese.len() > 20, "{folder}");
        let missing: Vec<_> = chinese.symmetric_difference(&english).collect();
        assert!(
            missing.is_empty(),
            "{folder}: only in one language, or with other placeholders: {missing:#?}"
        );
    }
}
