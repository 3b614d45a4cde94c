//! Lists in words, for the OpenAPI document: what a client has to know to filter and sort without trying.

use std::fmt::Write;

use super::filter::{FieldType, MAX_COMPARISONS, MAX_DEPTH, MAX_LENGTH, MAX_LIST};
use super::sort::MAX_KEYS;
use super::{Field, Privacy, Resource};

/// The grammar of filters and sort orders, as Markdown.
pub fn grammar() -> String {
    format!(
        "**Filters**: `status eq \"active\" and (tier in (\"gold\", \"platinum\") or aum ge 100000) and not city starts \"上\"`. A comparison \
         is a field, an operator (`eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in`, `starts`, `has`) and a value: text in double quotes with the \
         escapes of JSON; numbers, `true`, `false` and `null` bare; after `in` a list in parentheses. `and` binds more tightly than `or`; \
         `not` stands before a comparison or parentheses. A comparison with an absent value is false, that with `ne` too: `eq null` and \
         `ne null` ask for absence and presence. Money compares in units of the base currency. At most {MAX_LENGTH} characters, \
         {MAX_COMPARISONS} comparisons, {MAX_DEPTH} open parentheses and {MAX_LIST} values in a list.\n\n\
         **Sort orders**: up to {MAX_KEYS} fields, such as `-aum,name`; `-` for descending. Rows that are equal in all of them follow their id. \
         A field that somebody sees masked can be neither filtered nor sorted by (403)."
    )
}

impl Resource {
    /// The fields that a filter may name, with their operators and values, as a Markdown list. Some fields stand only in a body.
    pub fn filters_in_words(&self, in_body: bool) -> String {
        let may_name = |field: &&Field| match field.privacy {
            Privacy::Open | Privacy::Sensitive => true,
            Privacy::Personal => in_body,
            Privacy::Order => false,
        };
        let mut text = String::new();
        for field in self.fields.iter().filter(may_name) {
            let operators: Vec<&str> = field.kind.operators().iter().map(|op| op.as_str()).collect();
            let _ = write!(text, "\n- `{}` ({}): {}", field.name, operators.join(", "), values(field.kind));
            if field.nullable {
                text.push_str(", or `null`");
            }
        }
        if let Some((field, _)) = self.unless_asked {
            let others = if field == "archived" { "archived ones" } else { "those that are over" };
            let _ = write!(text, "\n\nUnless a filter names `{field}`, {others} stay out.");
        }
        text
    }

    /// The fields that can be sorted by, in a sentence.
    pub fn sorts_in_words(&self) -> String {
        let names: Vec<String> = self
            .fields
            .iter()
            .filter(|field| field.sortable)
            .map(|field| format!("`{}`", field.name))
            .collect();
        format!("Fields: {}. Without it: `{}`.", names.join(", "), self.default_sort)
    }
}

fn values(kind: FieldType) -> String {
    match kind {
        FieldType::Code(codes) => format!("one of {}", quoted(codes)),
        FieldType::Codes(codes) => format!("any of {}", quoted(codes)),
        FieldType::Text | FieldType::Texts => "text".to_owned(),
        FieldType::Id => "an id in quotes".to_owned(),
        FieldType::Ids => "any of some ids in quotes".to_owned(),
        FieldType::Integer => "a whole number".to_owned(),
        FieldType::Money => "an amount with up to four decimals".to_owned(),
        FieldType::Date => "`\"YYYY-MM-DD\"`".to_owned(),
        FieldType::Instant => "`\"YYYY-MM-DDThh:mm:ssZ\"` or days ago, `\"now-14d\"`".to_owned(),
        FieldType::Bool => "`true` or `false`".to_owned(),
    }
}

fn quoted(codes: &[&str]) -> String {
    codes.iter().map(|code| format!("`\"{code}\"`")).collect::<Vec<_>>().join(", ")
}
