use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::Answer;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(crate::app::openapi()).expect("the document is JSON"));
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> = LazyLock::new(Mutex::default);

/// Fails the test when an answer is not what the OpenAPI document says of its operation.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Answer) {
    if !path.starts_with("/api/v1/") {
        return;
    }
    let path = path.split('?').next().unwrap_or_default();
    let operation =
        operation(path).and_then(|(pattern, item)| Some((pattern, item.get(method.to_lowercase())?)));
    let Some((pattern, operation)) = operation else {
        assert!(
            matches!(answer.status, 404 | 405 | 413 | 414 | 431),
            "{method} {path} is in no document but gave {}",
            answer.status
        );
        return check_schema(
            "problem",
            &json!({"$ref": "#/components/schemas/Problem"}),
            answer,
            method,
            path,
        );
    };
    let responses = &operation["responses"];
    let status = answer.status.to_string();
    let response =
        responses.get(&status).or_else(|| responses.get("default").filter(|_| answer.status >= 400));
    let Some(response) = response else {
        panic!("{method} {pattern} gave {status}, which its document does not know")
    };
    let media = answer.header("Content-Type").unwrap_or_default().split(';').next().unwrap_or_default();
    match response["content"].as_object() {
        None => assert!(answer.body.is_empty(), "{method} {pattern} {status} has a body: {}", answer.text()),
        Some(content) => {
            let Some(schema) = content.get(media) else {
                panic!(
                    "{method} {pattern} {status} is {media}, which its document does not know: {}",
                    answer.text()
                )
            };
            if !media.ends_with("json") {
                return;
            }
            check_schema(&format!("{method} {pattern} {status}"), &schema["schema"], answer, method, path);
        }
    }
}

/// The pattern of a path, with the most literal segments, and what the document says of it.
fn operation(path: &str) -> Option<(&'static str, &'static Value)> {
    let segments: Vec<_> = path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy()).collect();
    let paths = DOCUMENT["paths"].as_object()?;
    paths
        .iter()
        .filter(|(pattern, _)| {
            let parts: Vec<&str> = pattern.split('/').collect();
            parts.len() == segments.len()
                && parts.iter().zip(&segments).all(|(part, segment)| part.starts_with('{') || part == segment)
        })
        .min_by_key(|(pattern, _)| pattern.matches('{').count())
        .map(|(pattern, item)| (pattern.as_str(), item))
}

#[track_caller]
fn check_schema(key: &str, schema: &Value, answer: &Answer, method: &str, path: &str) {
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *validators.entry(key.to_owned()).or_insert_with(|| {
            let mut root = schema.clone();
            root["components"] = DOCUMENT["components"].clone();
            let validator =
                jsonschema::options().should_validate_formats(true).build(&root).expect("a schema");
            Box::leak(Box::new(validator))
        })
    };
    let body = answer.json();
    let errors: Vec<String> =
        validator.iter_errors(&body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{method} {path} {}: {errors:#?}\n{}", answer.status, answer.text());
}
