//! What the committed document says of each operation, for checks at run time: which methods a path knows, and what their query may
//! hold. `build.rs` lays it out as a table.

use actix_web::http::Method;

use super::input::is_plain_name;

/// A path by its segments, empty for a parameter, with the query parameters of each of its methods.
type Pattern = (&'static [&'static str], Methods);
type Methods = &'static [(&'static str, &'static [&'static str])];

static PATTERNS: &[Pattern] = &include!(concat!(env!("OUT_DIR"), "/operations.rs"));

/// The methods that a path of the API knows; `None` for a path that is none.
pub fn methods(path: &str) -> Option<Vec<&'static str>> {
    Some(find(path)?.iter().map(|(method, _)| *method).collect())
}

/// What is known of the pattern that fits a path, the one with the most literal segments.
fn find(path: &str) -> Option<Methods> {
    let fits = |pattern: &[&str]| {
        let mut segments = path.split('/');
        pattern.iter().all(|part| segments.next().is_some_and(|segment| part.is_empty() || *part == segment))
            && segments.next().is_none()
    };
    let literal = |pattern: &[&str]| pattern.iter().filter(|part| !part.is_empty()).count();
    let found =
        PATTERNS.iter().filter(|(pattern, _)| fits(pattern)).max_by_key(|(pattern, _)| literal(pattern));
    found.map(|(_, methods)| *methods)
}

/// Whether an operation of the API knows all query parameters of a request.
///
/// # Errors
/// The first one it does not know, or nothing if that looks like something else than a name.
pub fn allows_query(method: &Method, path: &str, query: &str) -> Result<(), String> {
    if query.is_empty() || !path.starts_with("/api/v1/") {
        return Ok(());
    }
    let of_method = |methods: Methods| methods.iter().find(|(name, _)| *name == method.as_str());
    let Some((_, known)) = find(path).and_then(of_method) else { return Ok(()) };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        if !known.contains(&name) {
            return Err(if is_plain_name(name) { name.to_owned() } else { String::new() });
        }
    }
    Ok(())
}
