//! One input for everything that reads what strangers write: its first byte says what it is taken for.
#![no_main]

use guanxi::imports;
use guanxi::listing::filter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    match kind % 3 {
        0 => {
            // A file, and a mapping behind the last NUL if there is one.
            let at = rest.iter().rposition(|byte| *byte == 0);
            let (file, mapping) = at.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + 1..]));
            imports::rehearse(file, mapping);
        }
        1 => imports::rehearse_workbook(rest),
        _ => {
            let Ok(text) = std::str::from_utf8(rest) else { return };
            if let Ok(read) = filter::parse(text) {
                // What was understood is written so that it is understood again.
                assert_eq!(filter::parse(&read.to_string()), Ok(read));
            }
            let _ = filter::parse_columns(text);
        }
    }
});
