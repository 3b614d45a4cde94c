//! The customer number: short, unique, and safe to read out, since its last digit checks the others.

/// Digits of the sequence that are always written.
const SEQUENCE_DIGITS: usize = 8;

/// `C`, the sequence in eight digits or more, and its Luhn check digit (ISO/IEC 7812-1 annex B), which finds
/// every wrong digit and nearly every swap of neighbours: 1 → `C000000018`.
pub fn from_sequence(sequence: u64) -> String {
    let digits = format!("{sequence:0SEQUENCE_DIGITS$}");
    let check = (10 - luhn_sum(&digits, 2) % 10) % 10;
    format!("C{digits}{check}")
}

/// Whether the text is a customer number as [`from_sequence`] writes it.
pub fn is_valid(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('C') else { return false };
    let well_formed = digits.bytes().all(|byte| byte.is_ascii_digit())
        && match digits.len().saturating_sub(SEQUENCE_DIGITS + 1) {
            0 => digits.len() == SEQUENCE_DIGITS + 1,
            // More digits than eight have no leading zero, and no more than `u64` has.
            more => more <= 12 && !digits.starts_with('0'),
        };
    well_formed && luhn_sum(digits, 1).is_multiple_of(10)
}

/// A customer number as typed, read into its written form: without spaces and hyphens, the letter in upper case
/// or left out; `None` when it is not one.
pub fn normalise(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).take(24).collect();
    let digits = compact.strip_prefix(['C', 'c']).unwrap_or(&compact);
    let number = format!("C{digits}");
    is_valid(&number).then_some(number)
}

/// Sum of the digits, every second one from the right doubled and its digits added; `first` is the factor (1 or
/// 2) of the last digit.
fn luhn_sum(digits: &str, first: u32) -> u32 {
    let mut sum = 0;
    let mut factor = first;
    for digit in digits.chars().rev().filter_map(|c| c.to_digit(10)) {
        let product = digit * factor;
        sum += product / 10 + product % 10;
        factor = 3 - factor;
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_numbers() {
        assert_eq!(from_sequence(1), "C000000018");
        // The example of ISO/IEC 7812-1: 7992739871 has check digit 3.
        assert_eq!(from_sequence(7_992_739_871), "C79927398713");
        assert_eq!(from_sequence(u64::MAX).len(), 22);
        assert_eq!(normalise(" c0000-00018 ").unwrap(), "C000000018");
        assert_eq!(normalise("000000018").unwrap(), "C000000018");
        for bad in ["", "C", "C000000019", "C18", "C0000000018", "c000000018", "C00000001８", "X000000018"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_sequence_has_its_own_valid_number(a in any::<u64>(), b in any::<u64>()) {
            prop_assert!(is_valid(&from_sequence(a)));
            prop_assert_eq!(from_sequence(a) == from_sequence(b), a == b);
        }

        #[test]
        fn one_wrong_digit_is_found(sequence in any::<u64>(), position in any::<prop::sample::Index>(), digit in b'0'..=b'9') {
            let mut number = from_sequence(sequence).into_bytes();
            let position = 1 + position.index(number.len() - 1);
            prop_assume!(number[position] != digit);
            number[position] = digit;
            prop_assert!(!is_valid(&String::from_utf8(number).unwrap()));
        }

        #[test]
        fn swapped_neighbours_are_found(sequence in any::<u64>(), position in any::<prop::sample::Index>()) {
            let mut number = from_sequence(sequence).into_bytes();
            let position = 1 + position.index(number.len() - 2);
            let (left, right) = (number[position], number[position + 1]);
            prop_assume!(left != right && ![(b'0', b'9'), (b'9', b'0')].contains(&(left, right)));
            number.swap(position, position + 1);
            prop_assert!(!is_valid(&String::from_utf8(number).unwrap()));
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            if let Some(number) = normalise(&text) {
                prop_assert!(is_valid(&number));
            }
        }
    }
}
