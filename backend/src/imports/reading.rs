//! Records of delimited text (RFC 4180), read piece by piece: what is held at a time is one record, and its size is bounded.

use std::io::{self, Read};

use csv_core::ReadRecordResult;
use encoding_rs::{Encoding, GB18030, UTF_8};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use flate2::read::MultiGzDecoder;
use guanxi_api::{Delimiter, TextEncoding};

use crate::error::FieldError;

/// Most bytes of a record.
const RECORD: usize = 1024 * 1024;
/// Most bytes of a value.
const VALUE: usize = 64 * 1024;
/// Most columns.
pub(super) const COLUMNS: usize = 200;
/// How much larger than the file its unpacked text may be.
const RATIO: u64 = 100;
/// How much text small files may unpack to in any case, in bytes.
const UNPACKED: u64 = 1024 * 1024;
/// How much text any file may unpack to, in bytes.
const MOST_UNPACKED: u64 = 2 * 1024 * 1024 * 1024;

/// Why reading a file ends before its end.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The file is not what it should be.
    File(FieldError),
    Io(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        // A packed file that is damaged or unpacks to too much.
        match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                ReadError::File(FieldError::new("", "damaged_file"))
            }
            io::ErrorKind::FileTooLarge => ReadError::File(FieldError::new("", "unpacks_to_too_much")),
            _ => ReadError::Io(error),
        }
    }
}

fn refused<T>(line: u64, code: &'static str) -> Result<T, ReadError> {
    Err(ReadError::File(FieldError::new("", code).with("line", line)))
}

/// A record as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    pub(super) values: Vec<String>,
}

/// The text of a file, whether it came packed by gzip or not.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn unpacked(mut file: impl Read + 'static, bytes: u64) -> io::Result<Box<dyn Read>> {
    let mut head = [0; 2];
    let mut got = 0;
    while got < head.len() {
        let more = head.get_mut(got..).map_or(Ok(0), |rest| file.read(rest))?;
        if more == 0 {
            break;
        }
        got += more;
    }
    let whole = io::Cursor::new(head).take(got as u64).chain(file);
    if head != [0x1f, 0x8b] {
        return Ok(Box::new(whole));
    }
    let most = bytes.saturating_mul(RATIO).clamp(UNPACKED, MOST_UNPACKED);
    Ok(Box::new(Bounded { inner: MultiGzDecoder::new(whole), left: most }))
}

/// Gives an error where a reader has more than it may have.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

/// Text as UTF-8; what is none in its encoding reads as U+FFFD.
pub(super) fn decoded(text: impl Read, encoding: TextEncoding) -> DecodeReaderBytes<impl Read, Vec<u8>> {
    let from: &'static Encoding = match encoding {
        TextEncoding::Utf8 => UTF_8,
        TextEncoding::Gb18030 => GB18030,
    };
    DecodeReaderBytesBuilder::new().encoding(Some(from)).bom_override(true).strip_bom(true).build(text)
}

/// The character that stands between values.
pub(super) const fn character(delimiter: Delimiter) -> u8 {
    match delimiter {
        Delimiter::Comma => b',',
        Delimiter::Semicolon => b';',
        Delimiter::Tab => b'\t',
        Delimiter::Pipe => b'|',
    }
}

/// Reads records, empty lines left out.
pub(super) struct Records<R> {
    text: R,
    parser: csv_core::Reader,
    input: Vec<u8>,
    /// What of the input is not parsed yet.
    rest: std::ops::Range<usize>,
    output: Vec<u8>,
    ends: Vec<usize>,
    /// Line breaks that are behind.
    lines: u64,
    ended: bool,
}

impl<R: Read> Records<R> {
    pub(super) fn new(text: R, delimiter: Delimiter) -> Self {
        Records {
            text,
            parser: csv_core::ReaderBuilder::new().delimiter(character(delimiter)).build(),
            input: vec![0; 64 * 1024],
            rest: 0..0,
            output: vec![0; 64 * 1024],
            ends: vec![0; COLUMNS + 1],
            lines: 0,
            ended: false,
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.rest.is_empty() && !self.ended {
            let read = loop {
                match self.text.read(&mut self.input) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            self.rest = 0..read;
            self.ended = read == 0;
        }
        Ok(())
    }

    /// Skips line breaks before a record, so that it is known where the record begins.
    fn skip_breaks(&mut self) -> io::Result<()> {
        loop {
            self.fill()?;
            let rest = self.input.get(self.rest.clone()).unwrap_or_default();
            let breaks = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.lines += rest.iter().take(breaks).filter(|byte| **byte == b'\n').count() as u64;
            self.rest.start += breaks;
            if !self.rest.is_empty() || self.ended {
                return Ok(());
            }
        }
    }

    /// The next record; none at the end.
    ///
    /// # Errors
    /// For a record or value that is too large, too many columns, and what is no text; then there is no going on.
    pub(super) fn next(&mut self) -> Result<Option<Record>, ReadError> {
        self.skip_breaks()?;
        let line = self.lines + 1;
        let (mut written, mut fields) = (0, 0);
        loop {
            self.fill()?;
            let input = self.input.get(self.rest.clone()).unwrap_or_default();
            let output = self.output.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            let (result, read, wrote, ended) = self.parser.read_record(input, output, ends);
            let breaks = input.iter().take(read).filter(|byte| **byte == b'\n').count();
            self.lines += breaks as u64;
            self.rest.start += read;
            written += wrote;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.output.len() < RECORD => {
                    self.output.resize(self.output.len() * 2, 0);
                }
                ReadRecordResult::OutputFull => return refused(line, "record_too_long"),
                ReadRecordResult::OutputEndsFull => return refused(line, "too_many_columns"),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        if fields > COLUMNS {
            return refused(line, "too_many_columns");
        }
        let mut start = 0;
        let mut values = Vec::with_capacity(fields);
        for end in self.ends.iter().take(fields) {
            let value = self.output.get(start..*end).unwrap_or_default();
            if value.len() > VALUE {
                return refused(line, "value_too_long");
            }
            if value.contains(&0) {
                return refused(line, "not_text");
            }
            // What was decoded is UTF-8.
            values.push(String::from_utf8_lossy(value).into_owned());
            start = *end;
        }
        Ok(Some(Record { line, values }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], delimiter: Delimiter) -> Vec<(u64, Vec<String>)> {
        let mut records = Records::new(decoded(text, TextEncoding::Utf8), delimiter);
        let mut found = Vec::new();
        while let Some(record) = records.next().unwrap() {
            found.push((record.line, record.values));
        }
        found
    }

    fn refusal(text: &[u8]) -> (String, serde_json::Value) {
        let mut records = Records::new(decoded(text, TextEncoding::Utf8), Delimiter::Comma);
        loop {
            match records.next() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the file was read to its end"),
                Err(ReadError::File(field)) => break (field.code.to_string(), field.params["line"].clone()),
                Err(ReadError::Io(error)) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn records_know_the_line_on_which_they_begin() {
        let expected = [
            (1, vec!["a".to_owned(), "b".to_owned()]),
            (2, vec!["1\n2".to_owned(), "x".to_owned()]),
            (6, vec!["\"q\"".to_owned(), String::new()]),
            (7, vec!["3".to_owned(), "4".to_owned()]),
        ];
        let text = "a,b\n\"1\n2\",x\n\n\n\"\"\"q\"\"\",\n3,4";
        assert_eq!(read(text.as_bytes(), Delimiter::Comma), expected);
        let mut dos = expected.clone();
        dos[1].1[0] = "1\r\n2".to_owned();
        assert_eq!(read(text.replace('\n', "\r\n").as_bytes(), Delimiter::Comma), dos);
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        assert_eq!(read(&marked, Delimiter::Comma), expected);
        assert_eq!(read(b"a;b\n1;2", Delimiter::Semicolon)[1].1, ["1", "2"]);
        assert_eq!(read(b"", Delimiter::Comma), []);
    }

    #[test]
    fn what_is_too_large_or_no_text_is_refused_with_its_line() {
        let long = |length: usize| [b"a,b\n1,2\n\"".as_slice(), &vec![b'x'; length], b"\",2\n"].concat();
        assert_eq!(refusal(&long(2 * RECORD)), ("record_too_long".to_owned(), 3.into()));
        assert_eq!(refusal(&long(VALUE + 1)), ("value_too_long".to_owned(), 3.into()));
        let wide = [b"a\n".as_slice(), &[b','; COLUMNS]].concat();
        assert_eq!(refusal(&wide), ("too_many_columns".to_owned(), 2.into()));
        assert_eq!(refusal(b"a\nb\0c\n"), ("not_text".to_owned(), 2.into()));
    }

    #[test]
    fn gb18030_is_read_and_what_is_none_shows() {
        let (text, _, _) = GB18030.encode("姓名,城市\n王伟,北京");
        let mut records = Records::new(decoded(&*text, TextEncoding::Gb18030), Delimiter::Comma);
        records.next().unwrap();
        assert_eq!(records.next().unwrap().unwrap().values, ["王伟", "北京"]);
        let wrong = read(b"a\n\xff\xfe\xff", Delimiter::Comma);
        assert!(wrong[1].1[0].contains('\u{FFFD}'));
    }

    #[test]
    fn a_packed_file_is_unpacked_and_a_bomb_refused() {
        use std::io::Write;
        let pack = |text: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(text).unwrap();
            packer.finish().unwrap()
        };
        let small = pack(b"a,b\n1,2\n");
        let length = small.len() as u64;
        let mut text = String::new();
        unpacked(io::Cursor::new(small.clone()), length).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "a,b\n1,2\n");
        let bomb = pack(" ".repeat(8 * 1024 * 1024).as_bytes());
        let length = bomb.len() as u64;
        let mut sink = Vec::new();
        let error = unpacked(io::Cursor::new(bomb), length).unwrap().read_to_end(&mut sink).unwrap_err();
        assert!(
            matches!(ReadError::from(error), ReadError::File(field) if field.code == "unpacks_to_too_much")
        );
        let cut = small[..small.len() - 4].to_vec();
        let error = unpacked(io::Cursor::new(cut), length).unwrap().read_to_end(&mut sink).unwrap_err();
        assert!(matches!(ReadError::from(error), ReadError::File(field) if field.code == "damaged_file"));
        let mut plain = String::new();
        unpacked(io::Cursor::new(*b"x"), 1).unwrap().read_to_string(&mut plain).unwrap();
        assert_eq!(plain, "x");
    }
}
