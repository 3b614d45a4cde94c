use std::fmt::Write;

use actix_web::{HttpResponse, get};
use serde_json::Value;

use super::in_background;
use super::openapi::CONTRACT;
use crate::error::{Error, Result};

/// The reference of the API, written by the server from the document that it serves: no script, works offline.
#[get("/api/docs")]
pub async fn reference_page() -> Result<HttpResponse> {
    let page = in_background(|| {
        let document = serde_json::from_str(CONTRACT).map_err(Error::internal)?;
        Ok(page(&document))
    });
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page.await?))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The whole page.
fn page(document: &Value) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Guanxi API</title>\n</head>\n<body>\n<main>\n",
    );
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let _ = writeln!(
        html,
        "<h1>{} API</h1>\n<p>{}</p>",
        text(&document["info"]["title"]),
        prose(&document["info"]["description"])
    );
    html.push_str(
        "<p>The same, for machines: <a href=\"/api/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>\n",
    );
    let paths = document["paths"].as_object();
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = tag["name"].as_str().unwrap_or_default();
        let _ = writeln!(html, "<h2 id=\"{name}\">{name}</h2>\n<p>{}</p>", text(&tag["description"]));
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let tagged =
                    operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == name));
                if tagged {
                    write_operation(&mut html, method, path, operation);
                }
            }
        }
    }
    html.push_str("<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = writeln!(
            html,
            "<details id=\"schema-{name}\"><summary><code>{name}</code> {}</summary><pre>{}</pre></details>",
            text(&schema["description"]),
            escaped(&serde_json::to_string_pretty(schema).unwrap_or_default())
        );
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn write_operation(html: &mut String, method: &str, path: &str, operation: &Value) {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let _ = writeln!(
        html,
        "<section id=\"{id}\">\n<h3><code>{method} {path}</code></h3>\n<p><strong>{summary}</strong> {description}</p>",
        id = text(&operation["operationId"]),
        method = method.to_uppercase(),
        path = escaped(path),
        summary = text(&operation["summary"]),
        description = prose(&operation["description"]),
    );
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        html.push_str(
            "<table>\n<thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead>\n<tbody>\n",
        );
        for parameter in parameters {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                text(&parameter["name"]),
                text(&parameter["in"]),
                prose(&parameter["description"])
            );
        }
        html.push_str("</tbody>\n</table>\n");
    }
    if let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") {
        let _ = writeln!(html, "<p>Body: {}</p>", schema_link(schema));
    }
    html.push_str("<ul>\n");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let schema = response["content"]
            .as_object()
            .and_then(|content| content.values().next())
            .map(|media| &media["schema"]);
        let link = schema.map(schema_link).unwrap_or_default();
        let _ = writeln!(html, "<li><code>{status}</code> {} {link}</li>", text(&response["description"]));
    }
    html.push_str("</ul>\n</section>\n");
}

/// A description, which is Markdown of a modest kind: paragraphs, lists, `code` and **strong** words.
fn prose(value: &Value) -> String {
    let mut html = String::new();
    let mut in_list = false;
    for line in value.as_str().unwrap_or_default().lines() {
        let item = line.strip_prefix("- ");
        if item.is_some() != in_list {
            html.push_str(if in_list { "</ul>" } else { "<ul>" });
            in_list = !in_list;
        }
        let words = marked(&marked(&escaped(item.unwrap_or(line)), "`", "code"), "**", "strong");
        let _ = match item {
            Some(_) => write!(html, "<li>{words}</li>"),
            None if line.is_empty() => write!(html, "<br>"),
            None => write!(html, "{words} "),
        };
    }
    if in_list {
        html.push_str("</ul>");
    }
    html
}

/// Puts what stands between two marks into an element. A mark without its fellow stays.
fn marked(text: &str, mark: &str, element: &str) -> String {
    let parts: Vec<&str> = text.split(mark).collect();
    let mut html = String::new();
    for (n, part) in parts.iter().enumerate() {
        let closes = n % 2 == 1;
        match (closes, n + 1 < parts.len()) {
            (true, true) => {
                let _ = write!(html, "<{element}>{part}</{element}>");
            }
            (true, false) => {
                let _ = write!(html, "{mark}{part}");
            }
            (false, _) => html.push_str(part),
        }
    }
    html
}

fn schema_link(schema: &Value) -> String {
    match schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        Some(name) => format!("<a href=\"#schema-{name}\"><code>{name}</code></a>"),
        None => String::new(),
    }
}
