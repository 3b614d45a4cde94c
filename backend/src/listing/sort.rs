//! The `sort` parameter of lists: `sort=-updated_at,name`.

use std::fmt;

/// Most keys in one sort order; the id that makes it total comes on top.
pub const MAX_KEYS: usize = 3;

/// What a resource says about one sortable field to one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortSpec<F> {
    /// The resource's own name for it.
    pub field: F,
    /// Whether this caller may sort by it; false when they see it masked.
    pub sortable: bool,
}

/// One key of a sort order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey<F> {
    pub field: F,
    /// The name on the wire.
    pub name: String,
    pub descending: bool,
}

/// A sort order that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortError {
    /// A key without a name, as in `a,,b` or `-`.
    EmptyKey,
    /// More than [`MAX_KEYS`] keys.
    TooManyKeys,
    /// The resource cannot be sorted by the key at this place, counted from 1. The name is not repeated: what is none of a
    /// field may be anything.
    UnknownField(usize),
    /// The same field twice.
    DuplicateField(String),
    /// The caller sees the field masked; the order would unmask it (403, not 400).
    FieldNotFilterable(String),
}

impl SortError {
    /// The stable code of the problem document.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EmptyKey => "sort_empty_key",
            Self::TooManyKeys => "sort_too_many_keys",
            Self::UnknownField(_) => "sort_unknown_field",
            Self::DuplicateField(_) => "sort_duplicate_field",
            Self::FieldNotFilterable(_) => "field_not_filterable",
        }
    }

    /// Parameters of the message.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::EmptyKey => Vec::new(),
            Self::TooManyKeys => vec![("max", MAX_KEYS.to_string())],
            Self::UnknownField(number) => vec![("number", number.to_string())],
            Self::DuplicateField(field) | Self::FieldNotFilterable(field) => vec![("field", field.clone())],
        }
    }
}

impl fmt::Display for SortError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        for (name, value) in self.params() {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SortError {}

/// Reads a sort order against the sortable fields of a resource: names separated by commas, descending with a
/// leading `-`.
///
/// # Errors
/// See [`SortError`]; an empty text is [`SortError::EmptyKey`].
pub fn parse<F>(
    text: &str,
    lookup: &impl Fn(&str) -> Option<SortSpec<F>>,
) -> Result<Vec<SortKey<F>>, SortError> {
    let mut keys: Vec<SortKey<F>> = Vec::new();
    for part in text.split(',') {
        let (name, descending) = part.strip_prefix('-').map_or((part, false), |name| (name, true));
        if name.is_empty() {
            return Err(SortError::EmptyKey);
        }
        if keys.len() == MAX_KEYS {
            return Err(SortError::TooManyKeys);
        }
        let SortSpec { field, sortable } = lookup(name).ok_or(SortError::UnknownField(keys.len() + 1))?;
        if !sortable {
            return Err(SortError::FieldNotFilterable(name.to_owned()));
        }
        if keys.iter().any(|key| key.name == name) {
            return Err(SortError::DuplicateField(name.to_owned()));
        }
        keys.push(SortKey { field, name: name.to_owned(), descending });
    }
    Ok(keys)
}

/// The order as written on the wire, for the cursor.
pub fn canonical<F>(keys: &[SortKey<F>]) -> String {
    let part = |key: &SortKey<F>| format!("{}{}", if key.descending { "-" } else { "" }, key.name);
    keys.iter().map(part).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lookup(name: &str) -> Option<SortSpec<u8>> {
        let field = ["updated_at", "name", "aum", "tier", "phone"].iter().position(|known| *known == name)?;
        Some(SortSpec { field: u8::try_from(field).unwrap(), sortable: name != "phone" })
    }

    #[test]
    fn reads_orders() {
        let keys = parse("-updated_at,name", &lookup).unwrap();
        assert_eq!(
            keys,
            [
                SortKey { field: 0, name: "updated_at".to_owned(), descending: true },
                SortKey { field: 1, name: "name".to_owned(), descending: false },
            ]
        );
        assert_eq!(canonical(&keys), "-updated_at,name");
        assert_eq!(parse("aum,-tier,name", &lookup).unwrap().len(), MAX_KEYS);
    }

    #[test]
    fn refuses() {
        let cases = [
            ("", SortError::EmptyKey),
            ("-", SortError::EmptyKey),
            ("name,", SortError::EmptyKey),
            ("name,,aum", SortError::EmptyKey),
            ("name, aum", SortError::UnknownField(2)),
            ("Name", SortError::UnknownField(1)),
            ("+name", SortError::UnknownField(1)),
            ("--name", SortError::UnknownField(1)),
            ("name desc", SortError::UnknownField(1)),
            ("name,-name", SortError::DuplicateField("name".to_owned())),
            ("phone", SortError::FieldNotFilterable("phone".to_owned())),
            ("name,aum,tier,updated_at", SortError::TooManyKeys),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text, &lookup).unwrap_err(), error, "{text}");
        }
        assert_eq!(parse("x", &lookup).unwrap_err().to_string(), "sort_unknown_field number=1");
    }

    proptest! {
        #[test]
        fn canonical_reads_back(text in "(-?(name|aum|tier|updated_at|x)?,?){0,5}") {
            if let Ok(keys) = parse(&text, &lookup) {
                prop_assert_eq!(canonical(&keys), text);
            }
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse(&text, &lookup);
        }
    }
}
