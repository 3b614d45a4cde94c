//! What a value of the file is made of: a template over the columns, and what its values become.

use std::collections::BTreeMap;

use crate::error::FieldError;
use crate::imports::reading::Record;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The value of this column.
    Column(usize),
}

/// Reads a template: names of columns in braces, braces of the text itself doubled.
fn parse(template: &str, columns: &[String]) -> Result<Vec<Part>, FieldError> {
    let wrong = |code: &'static str| FieldError::new("", code);
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        let doubled = brace.starts_with("{{") || brace.starts_with("}}");
        if doubled {
            text.extend(brace.chars().next());
            rest = brace.get(2..).unwrap_or_default();
            continue;
        }
        let inside = brace.strip_prefix('{').ok_or_else(|| wrong("template"))?;
        // A name may have braces of its own: the longest that fits is meant.
        let fits = |name: &String| inside.strip_prefix(name.as_str())?.strip_prefix('}');
        let named = (0..).zip(columns).filter_map(|(at, name)| Some((at, name, fits(name)?)));
        let Some((column, _, after)) = named.max_by_key(|(_, name, _)| name.len()) else {
            return Err(if inside.contains('}') { wrong("no_such_column") } else { wrong("template") });
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(Part::Column(column));
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    parts: Vec<Part>,
    values: BTreeMap<String, String>,
    otherwise: Option<String>,
}

impl Origin {
    /// Reads a template against the columns of a file.
    ///
    /// # Errors
    /// What is wrong with it, with an empty pointer.
    pub(super) fn of(
        from: &str,
        values: &BTreeMap<String, String>,
        otherwise: Option<&str>,
        columns: &[String],
    ) -> Result<Self, FieldError> {
        let otherwise = otherwise.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Origin { parts: parse(from, columns)?, values: values.clone(), otherwise })
    }

    /// The column that a wrong value comes from.
    pub(super) fn column(&self) -> Option<usize> {
        self.parts.iter().find_map(|part| match part {
            Part::Column(column) => Some(*column),
            Part::Text(_) => None,
        })
    }

    /// All columns that it is made of.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Column(column) => Some(*column),
            Part::Text(_) => None,
        })
    }

    /// Whether every record says the same.
    pub(super) fn is_fixed(&self) -> bool {
        self.column().is_none()
    }

    /// What the record has; none where all its columns are empty. `is_code` tells whether a value that the table does not have says
    /// something by itself, for fields that have codes; `otherwise` is for those that say nothing.
    pub(super) fn text(&self, record: &Record, is_code: Option<&dyn Fn(&str) -> bool>) -> Option<String> {
        let mut text = String::new();
        let mut filled = self.is_fixed();
        for part in &self.parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Column(column) => {
                    let value = record.values.get(*column).map_or("", |value| value.trim());
                    filled |= !value.is_empty();
                    text.push_str(value);
                }
            }
        }
        let text = text.trim();
        if !filled || text.is_empty() {
            return self.otherwise.clone();
        }
        let understood = || is_code.map_or(self.values.is_empty(), |is_code| is_code(text));
        let said = match self.values.get(text) {
            Some(value) => Some(value.clone()),
            None if understood() => Some(text.to_owned()),
            None => self.otherwise.clone().or_else(|| Some(text.to_owned())),
        };
        said.filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_template_says_what_it_was_read_from(template in ".{0,40}") {
            let names = ["a".to_owned(), "b".to_owned()];
            if let Ok(parts) = parse(&template, &names) {
                let written: String = parts
                    .iter()
                    .map(|part| match part {
                        Part::Text(text) => text.replace('{', "{{").replace('}', "}}"),
                        Part::Column(at) => format!("{{{}}}", names[*at]),
                    })
                    .collect();
                prop_assert_eq!(written, template);
            }
        }
    }
}
