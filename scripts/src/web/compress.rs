//! The two compressed forms, as small as they get and the same on every machine.

use std::io::Write;

use flate2::{Compression, GzBuilder};

use crate::Outcome;

/// Brotli, quality 11, with a window that holds the whole file.
pub fn brotli(content: &[u8]) -> Outcome<Vec<u8>> {
    let mut packed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut packed, 1 << 16, 11, 24);
    writer.write_all(content)?;
    writer.flush()?;
    drop(writer);
    Ok(packed)
}

/// Gzip, level 9, without name or time.
pub fn gzip(content: &[u8]) -> Outcome<Vec<u8>> {
    let mut writer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    writer.write_all(content)?;
    Ok(writer.finish()?)
}
