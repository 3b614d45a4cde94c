//! Values that a table program would take for formulas (CWE-1236): a quote before them keeps it from that.

/// Whether a value needs a quote: it begins as a formula does, or would after such quotes are taken away.
fn needs_quote(value: &str) -> bool {
    value.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\0'])
}

/// A value as it is written for table programs.
pub fn guarded(value: &str) -> String {
    if needs_quote(value) { format!("'{value}") } else { value.to_owned() }
}

/// A value as it was before [`guarded`].
pub fn unguarded(value: &str) -> &str {
    value.strip_prefix('\'').filter(|rest| needs_quote(rest)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_value_is_a_formula() {
        for value in ["=1+1", "+86 138", "-5", "@x", "\tx", "\rx", "\0", "'=1", "''-"] {
            assert_eq!(guarded(value), format!("'{value}"));
        }
        assert_eq!(guarded("'quoted'"), "'quoted'");
        assert_eq!(unguarded("'quoted'"), "'quoted'");
    }

    proptest! {
        #[test]
        fn what_was_guarded_is_what_it_was(value in "[-=+@'a\t\0\r\n\"]{0,6}") {
            let guarded = guarded(&value);
            prop_assert!(!guarded.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']));
            prop_assert_eq!(unguarded(&guarded), value);
        }
    }
}
