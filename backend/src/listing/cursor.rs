//! The cursor of keyset pages: where the last page ended, sealed so that it cannot be made up or carried over.
//!
//! A cursor is base64url without padding of a JSON document under AES-256-GCM: encrypted as well as authenticated, since
//! it holds the sort keys of a row, a name among them, and stands in URLs, which are logged. It is no authorization:
//! scope is applied again on every page. It is bound to the sort order, the filter, the principal and 24 hours, so that
//! a page never continues another list.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::access::sealing::{Context, SealError, Sealer};

/// How long a cursor is good for, in microseconds.
pub const LIFETIME_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Longest cursor that is looked at, in bytes; the URL limit is 8 KiB.
const MAX_LENGTH: usize = 8_000;
const VERSION: u8 = 1;
const CONTEXT: Context<'static> = Context { table: "", column: "cursor", id: &[] };

/// One key of the last row, in the order of the sort; the last one is the row's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Key {
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "i")]
    Integer(i64),
    #[serde(rename = "b", with = "bytes")]
    Bytes(Vec<u8>),
}

/// Where a list continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The sort order, as [`super::sort::canonical`] writes it.
    pub sort: String,
    /// Of everything else that chooses the rows, by [`filter_hash`].
    pub filter_hash: [u8; 32],
    /// The sort keys of the last row.
    pub keys: Vec<Key>,
    /// Whose list it is.
    pub principal: String,
    /// In microseconds since 1970-01-01T00:00:00Z.
    pub expires_at: i64,
}

/// What the request at hand says, to be met by its cursor.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub sort: &'a str,
    pub filter_hash: [u8; 32],
    pub principal: &'a str,
    /// In microseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// The cursor is forged, damaged, expired, of another list or of another principal; which of them is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorInvalid;

impl CursorInvalid {
    /// The stable code of the problem document (400).
    pub const CODE: &'static str = "cursor_invalid";
}

impl std::fmt::Display for CursorInvalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::CODE)
    }
}

impl std::error::Error for CursorInvalid {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    v: u8,
    s: String,
    #[serde(with = "bytes")]
    f: Vec<u8>,
    k: Vec<Key>,
    p: String,
    e: i64,
}

/// The hash of what chooses the rows of a list: route, canonical filter, search text, included parts.
///
/// Each part goes in with its length, so that moving text from one part to the next changes the hash.
pub fn filter_hash(parts: &[&str]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The cursor as text for `page.next`.
///
/// # Errors
/// When the library fails.
pub fn seal(sealer: &Sealer, cursor: &Cursor) -> Result<String, SealError> {
    let document = serde_json::json!({
        "v": VERSION,
        "s": cursor.sort,
        "f": URL_SAFE_NO_PAD.encode(cursor.filter_hash),
        "k": cursor.keys,
        "p": cursor.principal,
        "e": cursor.expires_at,
    });
    Ok(URL_SAFE_NO_PAD.encode(sealer.seal(document.to_string().as_bytes(), &CONTEXT)?))
}

/// The keys after which the next page begins.
///
/// # Errors
/// [`CursorInvalid`] whatever is wrong.
pub fn open(sealer: &Sealer, text: &str, expected: &Expected<'_>) -> Result<Vec<Key>, CursorInvalid> {
    if text.len() > MAX_LENGTH {
        return Err(CursorInvalid);
    }
    let sealed = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorInvalid)?;
    let document = sealer.open(&sealed, &CONTEXT).map_err(|_| CursorInvalid)?;
    let document: Document = serde_json::from_slice(&document).map_err(|_| CursorInvalid)?;
    let meets = document.v == VERSION
        && document.s == expected.sort
        && document.f == expected.filter_hash
        && document.p == expected.principal
        && document.e > expected.now;
    if meets { Ok(document.k) } else { Err(CursorInvalid) }
}

mod bytes {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        URL_SAFE_NO_PAD.decode(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> Sealer {
        Sealer::new(&[7; 32]).unwrap()
    }

    fn sealed(cursor: &Cursor) -> String {
        seal(&key(), cursor).unwrap()
    }

    fn cursor() -> Cursor {
        Cursor {
            sort: "-updated_at,name".to_owned(),
            filter_hash: filter_hash(&["customers", r#"tier eq "gold""#]),
            keys: vec![Key::Integer(-5), Key::Text("zhang san  张三".to_owned()), Key::Bytes(vec![0, 255])],
            principal: "user:0193".to_owned(),
            expires_at: 1_000,
        }
    }

    fn expected(cursor: &Cursor) -> Expected<'_> {
        Expected {
            sort: &cursor.sort,
            filter_hash: cursor.filter_hash,
            principal: &cursor.principal,
            now: cursor.expires_at.saturating_sub(1),
        }
    }

    #[test]
    fn opens_for_the_same_list_only() {
        let cursor = cursor();
        let text = sealed(&cursor);
        let same = expected(&cursor);
        assert_eq!(open(&key(), &text, &same), Ok(cursor.keys.clone()));
        for other in [
            Expected { sort: "name", ..same },
            Expected { filter_hash: filter_hash(&["customers"]), ..same },
            Expected { principal: "user:0194", ..same },
            Expected { now: cursor.expires_at, ..same },
            Expected { now: i64::MAX, ..same },
        ] {
            assert_eq!(open(&key(), &text, &other), Err(CursorInvalid), "{other:?}");
        }
        let other_key = Sealer::new(&[8; 32]).unwrap();
        assert_eq!(open(&other_key, &text, &same), Err(CursorInvalid));
        for made_up in ["", "AAAA", &text[1..], &format!("{text}A"), &format!("{text}="), &"A".repeat(9_000)]
        {
            assert_eq!(open(&key(), made_up, &same), Err(CursorInvalid), "{made_up}");
        }
    }

    #[test]
    fn an_older_version_is_refused() {
        let cursor = cursor();
        let document = key().open_text(&URL_SAFE_NO_PAD.decode(sealed(&cursor)).unwrap(), &CONTEXT).unwrap();
        let older = document.replace("\"v\":1", "\"v\":0");
        assert_ne!(older, document);
        let text = URL_SAFE_NO_PAD.encode(key().seal(older.as_bytes(), &CONTEXT).unwrap());
        assert_eq!(open(&key(), &text, &expected(&cursor)), Err(CursorInvalid));
    }

    #[test]
    fn nothing_of_a_row_can_be_read_in_it() {
        let bytes = URL_SAFE_NO_PAD.decode(sealed(&cursor())).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("zhang"));
    }

    #[test]
    fn the_hash_keeps_parts_apart() {
        assert_ne!(filter_hash(&["ab", "c"]), filter_hash(&["a", "bc"]));
        assert_ne!(filter_hash(&["a"]), filter_hash(&["a", ""]));
    }

    fn any_key() -> impl Strategy<Value = Key> {
        prop_oneof![
            any::<String>().prop_map(Key::Text),
            any::<i64>().prop_map(Key::Integer),
            any::<Vec<u8>>().prop_map(Key::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn round_trip(sort in any::<String>(), filter_hash in any::<[u8; 32]>(), principal in any::<String>(),
            keys in prop::collection::vec(any_key(), 0..4), expires_at in (i64::MIN + 1)..) {
            let cursor = Cursor { sort, filter_hash, keys, principal, expires_at };
            let text = sealed(&cursor);
            let is_url_safe = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            prop_assert!(is_url_safe);
            if text.len() <= MAX_LENGTH {
                prop_assert_eq!(open(&key(), &text, &expected(&cursor)), Ok(cursor.keys.clone()));
            }
        }

        #[test]
        fn any_changed_byte_fails(position in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let cursor = cursor();
            let mut text = sealed(&cursor).into_bytes();
            let position = position.index(text.len());
            prop_assume!(text[position] != byte);
            text[position] = byte;
            let text = String::from_utf8_lossy(&text);
            prop_assert_eq!(open(&key(), &text, &expected(&cursor)), Err(CursorInvalid));
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            prop_assert_eq!(open(&key(), &text, &expected(&cursor())), Err(CursorInvalid));
        }
    }
}
