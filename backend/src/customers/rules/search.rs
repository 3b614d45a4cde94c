//! What a text typed into the search for customers may mean: part of a name, as [`crate::names::search`] says, or a number or
//! address. Numbers of phones and documents never become tokens: they are looked up by keyed hash, as [`Exact`] says.

use guanxi_api::ContactPointKind;
use unicode_normalization::UnicodeNormalization;

use super::{contact, customer_no, identity};
use crate::names::search as names;

/// Digits from which on a text of digits is a number and no part of a name.
const NUMBER_DIGITS: usize = 7;

/// A number or address that may have been typed, to be looked up by its own index.
#[derive(Clone, PartialEq, Eq)]
pub enum Exact {
    /// The last four digits of a phone.
    PhoneTail(String),
    /// A whole phone number, in E.164.
    Phone(String),
    /// An e-mail address, as its keyed hash wants it.
    Email(String),
    /// A number of an identity document, as [`identity::check`] stores it.
    Identity(String),
    /// A customer number in its written form.
    CustomerNo(String),
    /// Any text, as an id in another system.
    ExternalId(String),
}

/// Without the value: what is typed here is personal data.
impl std::fmt::Debug for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::PhoneTail(_) => "PhoneTail",
            Self::Phone(_) => "Phone",
            Self::Email(_) => "Email",
            Self::Identity(_) => "Identity",
            Self::CustomerNo(_) => "CustomerNo",
            Self::ExternalId(_) => "ExternalId",
        })
    }
}

/// What a typed text looks for. A customer is found by its name, or when one of the exact values is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub name: names::Query,
    /// Any of them.
    pub exact: Vec<Exact>,
}

/// Reads a typed text.
pub fn query(text: &str) -> Query {
    let text = names::looked_at(text);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let other = text.chars().any(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '-' | '+' | '(' | ')'));
    let is_number = digits >= NUMBER_DIGITS && !other;
    let name = if is_number { names::Query::default() } else { names::query(&text) };
    Query { name, exact: exact(&text) }
}

/// What the text may be besides a name.
fn exact(text: &str) -> Vec<Exact> {
    let mut exact = Vec::new();
    if text.is_empty() {
        return exact;
    }
    let compact: String = text.nfkc().filter(|c| !matches!(c, ' ' | '-')).collect::<String>().to_uppercase();
    let digits = compact.chars().filter(char::is_ascii_digit).count();
    let all_digits = digits == compact.chars().count();
    if all_digits && digits == 4 {
        exact.push(Exact::PhoneTail(compact.clone()));
    }
    if (NUMBER_DIGITS..=15).contains(&digits) {
        exact.extend(contact::phone_to_e164(text).map(Exact::Phone));
    }
    if text.contains('@')
        && let Ok(contact::Normalised { match_key: address, .. }) =
            contact::check(ContactPointKind::Email, text)
    {
        exact.push(Exact::Email(address));
    }
    exact.extend(customer_no::normalise(&compact).map(Exact::CustomerNo));
    if (5..=18).contains(&compact.len()) && digits >= 4 && compact.chars().all(|c| c.is_ascii_alphanumeric())
    {
        let completed = identity::complete_resident_card(&compact);
        exact.extend(completed.map(Exact::Identity));
        exact.push(Exact::Identity(compact));
    }
    exact.push(Exact::ExternalId(text.to_owned()));
    exact
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact_of(text: &str) -> Vec<Exact> {
        query(text).exact
    }

    #[test]
    fn numbers_are_recognised() {
        use Exact::{CustomerNo, Email, ExternalId, Identity, Phone, PhoneTail};
        let text = |value: &str| value.to_owned();
        assert!(exact_of("5678") == [PhoneTail(text("5678")), ExternalId(text("5678"))]);
        assert!(query("5678").name.tokens.len() == 1);
        assert!(
            exact_of("138 0000 5678")
                == [
                    Phone(text("+8613800005678")),
                    Identity(text("13800005678")),
                    ExternalId(text("138 0000 5678"))
                ]
        );
        assert!(query("138 0000 5678").name.tokens.is_empty());
        assert!(
            exact_of("11010519491231002x")
                == [Identity(text("11010519491231002X")), ExternalId(text("11010519491231002x"))]
        );
        assert!(exact_of("110105491231002").contains(&Identity(text("11010519491231002X"))));
        assert!(exact_of("110105491231002").contains(&Identity(text("110105491231002"))));
        assert!(exact_of("C000000018").contains(&CustomerNo(text("C000000018"))));
        assert!(exact_of("c000000018").contains(&CustomerNo(text("C000000018"))));
        assert!(exact_of("000000018").contains(&CustomerNo(text("C000000018"))));
        assert!(exact_of("E12345678").contains(&Identity(text("E12345678"))));
        assert!(exact_of("Z@Example.com").contains(&Email(text("z@example.com"))));
        assert!(exact_of("张三") == [ExternalId(text("张三"))]);
        assert!(exact_of(" ").is_empty() && query(" ").name.tokens.is_empty());
        assert_eq!(
            format!("{:?}", query("13800005678")),
            "Query { name: Query { tokens: 0, .. }, exact: [Phone, Identity, ExternalId] }"
        );
    }
}
