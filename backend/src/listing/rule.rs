use guanxi_db::Condition;

use super::filter::{self, FieldSpec, Filter, FilterError, TypedFilter};
use super::{Field, Resource, filter_error, names_of, sql};
use crate::error::{Error, Result};

/// A filter that is kept and asked again and again, such as who belongs to a segment: for programs and jobs, which see nothing masked.
#[derive(Clone, Debug)]
pub struct Rule {
    parsed: Filter,
    typed: TypedFilter<&'static Field>,
    fields: &'static [Field],
}

/// One comparison of a rule.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// As it is written.
    pub text: String,
    pub field: &'static Field,
    pub condition: Condition,
}

impl Rule {
    /// Reads a filter over the fields of a resource.
    ///
    /// # Errors
    /// 422 at `pointer` for what cannot be read.
    pub fn read(text: &str, resource: &'static Resource, pointer: &str) -> Result<Rule> {
        let read = || {
            let parsed = filter::parse(text)?;
            let typed = check(&parsed, resource.fields)?;
            Ok(Rule { parsed, typed, fields: resource.fields })
        };
        read().map_err(|error| {
            Error::fields(filter_error(pointer.to_owned(), &error, names_of(resource, |_| true)).fields)
        })
    }

    /// As it is kept: however it was spaced, the same rule has the same text.
    pub fn text(&self) -> String {
        self.parsed.to_string()
    }

    pub fn condition(&self) -> Condition {
        sql::condition(&self.typed)
    }

    /// Its comparisons, in the order in which they are written.
    pub fn comparisons(&self) -> Vec<Comparison> {
        let mut found = Vec::new();
        collect(&self.parsed, self.fields, &mut found);
        found
    }
}

fn check(
    parsed: &Filter,
    fields: &'static [Field],
) -> std::result::Result<TypedFilter<&'static Field>, FilterError> {
    filter::check(parsed, &|name| {
        let field = fields.iter().find(|field| field.name == name)?;
        Some(FieldSpec { field, kind: field.kind, filterable: true })
    })
}

fn collect(filter: &Filter, fields: &'static [Field], found: &mut Vec<Comparison>) {
    match filter {
        Filter::And(members) | Filter::Or(members) => {
            members.iter().for_each(|member| collect(member, fields, found));
        }
        Filter::Not(inner) => collect(inner, fields, found),
        comparison @ Filter::Comparison { .. } => {
            if let Ok(typed @ TypedFilter::Comparison { field, .. }) = check(comparison, fields) {
                let condition = sql::condition(&typed);
                found.push(Comparison { text: comparison.to_string(), field, condition });
            }
        }
    }
}
