//! What every text that is stored must be: NFC, trimmed, without control characters, of bounded length.

use std::fmt::{self, Write as _};

use unicode_normalization::UnicodeNormalization;

/// A rule that a value breaks: the stable code and the figures that a message needs.
///
/// It never carries the value itself, so that it can be logged and answered for sensitive fields too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Lower snake_case, stable, with a text in each language.
    pub code: &'static str,
    /// Parameters of the message, such as `max`.
    pub params: Vec<(&'static str, String)>,
}

impl Broken {
    /// A broken rule without parameters.
    pub fn new(code: &'static str) -> Self {
        Self { code, params: Vec::new() }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.params.push((name, value.to_string()));
        self
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        for (name, value) in &self.params {
            write!(f, " {name}={value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Broken {}

/// A text on one line: NFC, trimmed, not empty, at most `max` characters (Unicode scalar values).
///
/// # Errors
/// `required` when nothing is left after trimming, `too_long` {`max`}, `control_character` {`character`}.
pub fn line(value: &str, max: usize) -> Result<String, Broken> {
    optional_line(value, max)?.ok_or_else(|| Broken::new("required"))
}

/// Like [`line`], but nothing at all is `None`.
///
/// # Errors
/// `too_long` {`max`}, `control_character` {`character`}.
pub fn optional_line(value: &str, max: usize) -> Result<Option<String>, Broken> {
    let text: String = value.nfc().collect();
    finish(&text, max, |_| false)
}

/// A text of several lines: as [`optional_line`], with line feeds and tabs allowed and CR LF or CR made LF.
///
/// # Errors
/// `too_long` {`max`}, `control_character` {`character`}.
pub fn paragraphs(value: &str, max: usize) -> Result<Option<String>, Broken> {
    let text: String = value.replace("\r\n", "\n").replace('\r', "\n").nfc().collect();
    finish(&text, max, |character| matches!(character, '\n' | '\t'))
}

fn finish(text: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<Option<String>, Broken> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(character) = text.chars().find(|&character| is_forbidden(character) && !allowed(character)) {
        return Err(
            Broken::new("control_character").with("character", format!("U+{:04X}", u32::from(character)))
        );
    }
    if text.chars().nth(max).is_some() {
        return Err(Broken::new("too_long").with("max", max));
    }
    Ok(Some(text.to_owned()))
}

/// Characters that no stored text may hold: the control characters (category Cc, with NUL, which
/// PostgreSQL refuses), line and paragraph separators, the bidirectional embeddings, overrides and isolates
/// that let a text be shown in another order than it is stored (Unicode TR 36 §2.5), and the
/// characters without width that make two equal-looking names differ.
pub fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}'
                | '\u{061C}' | '\u{200E}' | '\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2066}'..='\u{2069}'
                | '\u{200B}' | '\u{2060}' | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}'
        )
}

/// Bytes as hexadecimal digits in lower case.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn normalises_and_trims() {
        assert_eq!(line("  Zoe\u{308}\u{3000}", 10).unwrap(), "Zo\u{eb}");
        assert_eq!(line("张三", 2).unwrap(), "张三");
        assert_eq!(optional_line(" \u{a0} ", 10).unwrap(), None);
        assert_eq!(line("", 10).unwrap_err(), Broken::new("required"));
        assert_eq!(paragraphs(" a\r\nb\rc\td\n", 10).unwrap().unwrap(), "a\nb\nc\td");
    }

    #[test]
    fn counts_characters_after_normalisation() {
        assert_eq!(line("Zoe\u{308}", 3).unwrap(), "Zo\u{eb}");
        let broken = line("张三丰", 2).unwrap_err();
        assert_eq!((broken.code, broken.to_string()), ("too_long", "too_long max=2".to_owned()));
    }

    #[test]
    fn refuses_what_hides() {
        for bad in
            ['\0', '\n', '\t', '\u{7f}', '\u{85}', '\u{202e}', '\u{2067}', '\u{200b}', '\u{feff}', '\u{2028}']
        {
            let broken = line(&format!("a{bad}b"), 10).unwrap_err();
            assert_eq!(broken.code, "control_character", "{bad:?}");
        }
        assert_eq!(line("a\u{202e}b", 10).unwrap_err().params, [("character", "U+202E".to_owned())]);
        // The joiner that some scripts and emoji need stays.
        assert!(line("می\u{200c}خواهم", 20).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_accepted_stays_as_it_is(value in any::<String>(), max in 0_usize..50) {
            for stored in [optional_line(&value, max), paragraphs(&value, max)].into_iter().flatten().flatten() {
                prop_assert!(stored.chars().count() <= max);
                prop_assert_eq!(stored.nfc().collect::<String>(), stored.clone());
                prop_assert_eq!(stored.trim(), &stored);
                prop_assert_eq!(paragraphs(&stored, max).unwrap().unwrap(), stored);
            }
        }
    }
}
