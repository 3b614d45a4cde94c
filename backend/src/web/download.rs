//! Files that browsers keep.

use std::fmt::Write as _;

/// The header `Content-Disposition` of a file to be kept under a name (RFC 6266); `plain` is what clients call it that read ASCII only.
pub fn attachment(plain: &str, name: &str) -> String {
    let mut header = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            header.push(char::from(byte));
        } else {
            let _ = write!(header, "%{byte:02X}");
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_cannot_leave_the_header() {
        let begin = "attachment; filename=\"a.csv\"; filename*=UTF-8''";
        assert_eq!(attachment("a.csv", "客户-1.csv"), format!("{begin}%E5%AE%A2%E6%88%B7-1.csv"));
        assert_eq!(attachment("a.csv", "\"\r\nA: b"), format!("{begin}%22%0D%0AA%3A%20b"));
    }
}
