//! Values that a table program would take for formulas (CWE-1236): a quote before them keeps it from that.

/// What such values begin with.
fn is_formula(value: &str) -> bool {
    value.starts_with(['=', '+', '-', '@', '\t', '\r', '\0'])
}

/// A value as it is written for table programs.
pub(super) fn guarded(value: &str) -> String {
    if is_formula(value) { format!("'{value}") } else { value.to_owned() }
}

/// A value as it was before [`guarded`].
pub(super) fn unguarded(value: &str) -> &str {
    value.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_value_is_a_formula() {
        for value in ["=1+1", "+86 138", "-5", "@x", "\tx", "\rx", "\0"] {
            assert_eq!(guarded(value), format!("'{value}"));
        }
        assert_eq!(guarded("'quoted'"), "'quoted'");
        assert_eq!(unguarded("'quoted'"), "'quoted'");
    }

    proptest! {
        #[test]
        fn what_was_guarded_is_what_it_was(value in "[-=+@'a\t]{0,6}") {
            prop_assume!(!value.starts_with('\'') || !is_formula(&value[1..]));
            let guarded = guarded(&value);
            prop_assert!(!is_formula(&guarded));
            prop_assert_eq!(unguarded(&guarded), value);
        }
    }
}
