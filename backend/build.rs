//! The web app is embedded: a server that was built before it, or with an older one, is built again. So is the contract, of which
//! the server asks with every request what an operation takes: that is laid out here as a table, so that a server that starts
//! describes no operation to itself.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

const CONTRACT: &str = "../openapi/openapi.json";
const METHODS: [&str; 5] = ["delete", "get", "patch", "post", "put"];

/// Path patterns by their segments, with the query parameters of each method.
type Operations = BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=../frontend/dist");
    println!("cargo::rerun-if-changed=../migrations");
    println!("cargo::rerun-if-changed={CONTRACT}");
    let contract: Value = serde_json::from_str(&fs::read_to_string(CONTRACT)?)?;
    let table = written(&operations(&contract));
    fs::write(Path::new(&std::env::var("OUT_DIR")?).join("operations.rs"), table)?;
    Ok(())
}

fn operations(contract: &Value) -> Operations {
    let mut operations = Operations::new();
    for (path, item) in contract.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let segments = path.split('/').map(|segment| if segment.starts_with('{') { "" } else { segment });
        let members = item.as_object().into_iter().flatten();
        let methods = members
            .filter(|(member, _)| METHODS.contains(&member.as_str()))
            .map(|(method, operation)| (method.to_uppercase(), query_parameters(operation)));
        operations.entry(segments.map(str::to_owned).collect()).or_default().extend(methods);
    }
    operations
}

fn query_parameters(operation: &Value) -> Vec<String> {
    let text = |parameter: &Map<String, Value>, member: &str| {
        parameter.get(member).and_then(Value::as_str).map(str::to_owned)
    };
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .filter(|parameter| text(parameter, "in").as_deref() == Some("query"))
        .filter_map(|parameter| text(parameter, "name"))
        .collect()
}

fn written(operations: &Operations) -> String {
    let patterns = operations.iter().map(|(segments, methods)| {
        let methods = methods.iter().map(|(method, query)| format!("({method:?}, &{query:?})"));
        format!("    (&{segments:?}, &[{}]),\n", methods.collect::<Vec<_>>().join(", "))
    });
    format!("[\n{}]\n", patterns.collect::<String>())
}
