//! What can be found out from the beginning of a file: its encoding, its delimiter, the record that names the columns, and what the
//! columns seem to hold.

use std::collections::HashSet;

use guanxi_api::{CsvProfile, Delimiter, FileLayout, TextEncoding, UploadColumn};

use crate::error::{Error, FieldError, Result};
use crate::imports::problems::LINE_COLUMN;
use crate::imports::reading::{ReadError, Record, Records, decoded};
use crate::imports::words;
use crate::spreadsheet;

/// How much of a file is looked at.
pub(super) const HEAD: usize = 256 * 1024;
/// Records among which the names of the columns are looked for.
const HEADER_AMONG: usize = 10;
/// Values that are shown of each column.
const SAMPLES: usize = 5;

/// How a file is read, and what its columns are.
#[derive(Clone, Debug)]
pub(super) struct Inspected {
    /// Nothing in it is left open.
    pub(super) layout: FileLayout,
    pub(super) columns: Vec<UploadColumn>,
}

/// Looks at the beginning of a file; `whole` says that there is no more.
///
/// # Errors
/// 422 for a file that has no text, no records or no usable names of columns.
pub(super) fn inspect(head: &[u8], whole: bool, asked: &FileLayout) -> Result<Inspected> {
    let encoding = asked.encoding.unwrap_or_else(|| detect_encoding(head, whole));
    let delimiter = asked.delimiter.unwrap_or_else(|| detect_delimiter(head, encoding));
    let mut records = Records::new(decoded(head, encoding), delimiter);
    let mut found: Vec<Record> = Vec::new();
    let enough = usize::try_from(asked.header_record.unwrap_or(0)).unwrap_or(0) + HEADER_AMONG + SAMPLES;
    while found.len() <= enough {
        match records.next() {
            Ok(Some(record)) => found.push(record),
            Ok(None) => break,
            Err(ReadError::File(field)) => return Err(Error::fields(vec![field])),
            Err(ReadError::Io(error)) => return Err(Error::internal(error)),
        }
    }
    if !whole && found.len() <= enough {
        // The last one may be cut off.
        found.pop();
    }
    if found.is_empty() {
        return Err(Error::field("", "empty_file"));
    }
    let header_record = asked.header_record.unwrap_or_else(|| detect_header(&found));
    let header = usize::try_from(header_record).ok().and_then(|number| found.get(number.checked_sub(1)?));
    let header = header.ok_or_else(|| Error::field("/layout/header_record", "no_such_record"))?;
    let mut names = names(header)?;
    let profile = asked.profile.unwrap_or(if names.iter().any(|name| name == LINE_COLUMN) {
        CsvProfile::Spreadsheet
    } else {
        CsvProfile::Raw
    });
    if profile == CsvProfile::Spreadsheet {
        for name in &mut names {
            *name = spreadsheet::unguarded(name).to_owned();
        }
    }
    let after = found.iter().skip(usize::try_from(header_record).unwrap_or(usize::MAX));
    let columns = names.into_iter().enumerate().map(|(at, name)| {
        let values =
            after.clone().filter_map(|record| record.values.get(at)).filter(|value| !value.is_empty());
        UploadColumn {
            suggestion: words::field_named(&name),
            samples: values.take(SAMPLES).map(|value| sample(profile, value)).collect(),
            name,
        }
    });
    let columns = without_repeated_suggestions(columns.collect());
    let layout = FileLayout {
        encoding: Some(encoding),
        delimiter: Some(delimiter),
        header_record: Some(header_record),
        profile: Some(profile),
    };
    Ok(Inspected { layout, columns })
}

fn sample(profile: CsvProfile, value: &str) -> String {
    let value = if profile == CsvProfile::Spreadsheet { spreadsheet::unguarded(value) } else { value };
    value.chars().take(100).collect()
}

/// The names of the columns; columns without one at the end are no columns.
///
/// # Errors
/// 422 for a column without a name, and for two with the same.
pub(super) fn names(header: &Record) -> Result<Vec<String>> {
    let mut names: Vec<String> = header.values.iter().map(|name| name.trim().to_owned()).collect();
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    let mut seen = HashSet::new();
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(Error::fields(vec![
                FieldError::new("", "column_without_name").with("number", at + 1),
            ]));
        }
        if !seen.insert(name.as_str()) {
            return Err(Error::fields(vec![FieldError::new("", "duplicate_column").with("number", at + 1)]));
        }
    }
    if names.is_empty() { Err(Error::field("", "empty_file")) } else { Ok(names) }
}

/// UTF-8 if it is that throughout, else GB18030, which nearly every other Chinese file is in.
fn detect_encoding(head: &[u8], whole: bool) -> TextEncoding {
    match std::str::from_utf8(head) {
        Ok(_) => TextEncoding::Utf8,
        // A character may be cut off where the look ends.
        Err(error) if error.error_len().is_none() && !whole => TextEncoding::Utf8,
        // UTF-16 says so in its first two bytes and is read as such whatever is asked.
        Err(_) if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") => TextEncoding::Utf8,
        Err(_) => TextEncoding::Gb18030,
    }
}

/// The delimiter by which the first records have the most columns in common.
fn detect_delimiter(head: &[u8], encoding: TextEncoding) -> Delimiter {
    let width = |delimiter: Delimiter| {
        let mut records = Records::new(decoded(head, encoding), delimiter);
        let widths: Vec<usize> = std::iter::from_fn(|| records.next().ok().flatten())
            .take(HEADER_AMONG)
            .map(|record| record.values.len())
            .collect();
        let common = widths.iter().max_by_key(|width| widths.iter().filter(|other| other == width).count());
        common.copied().unwrap_or(0)
    };
    let widest = Delimiter::ALL.iter().copied().rev().max_by_key(|delimiter| width(*delimiter));
    widest.unwrap_or(Delimiter::Comma)
}

/// The first of the first records that fills more than half of what the fullest of them fills, and could name columns: titles above a
/// table fill less or leave gaps.
fn detect_header(found: &[Record]) -> u32 {
    let filled = |record: &Record| record.values.iter().filter(|value| !value.trim().is_empty()).count();
    let first = found.iter().take(HEADER_AMONG);
    let most = first.clone().map(filled).max().unwrap_or(0);
    let wide = |record: &&Record| filled(record) * 2 > most;
    let titled = first.clone().position(|record| wide(&record) && could_name_columns(record));
    let at = titled.or_else(|| first.clone().position(|record| wide(&record))).unwrap_or(0);
    u32::try_from(at + 1).unwrap_or(1)
}

/// Whether values stand without a gap and none of them is a number.
fn could_name_columns(record: &Record) -> bool {
    let values = record.values.iter().map(|value| value.trim());
    let filled = values.clone().take_while(|value| !value.is_empty()).count();
    let numbers = values.clone().any(|value| value.parse::<f64>().is_ok());
    !numbers && values.skip(filled).all(str::is_empty)
}

/// Only one column can become a field.
fn without_repeated_suggestions(mut columns: Vec<UploadColumn>) -> Vec<UploadColumn> {
    let mut taken = HashSet::new();
    for column in &mut columns {
        column.suggestion = column.suggestion.filter(|field| taken.insert(*field));
    }
    columns
}

#[cfg(test)]
mod tests {
    use guanxi_api::ImportField;

    use super::*;

    fn inspected(text: &[u8]) -> Inspected {
        inspect(text, true, &FileLayout::default()).unwrap()
    }

    fn refusal(text: &[u8], asked: &FileLayout) -> String {
        inspect(text, true, asked).unwrap_err().fields[0].code.to_string()
    }

    #[test]
    fn a_file_says_how_it_is_read() {
        let (chinese, _, _) = encoding_rs::GB18030
            .encode("客户清单（内部）;;\n客户号;姓名;手机号码\n1;王伟;１３８００１３８０００\n");
        let found = inspected(&chinese);
        assert_eq!(found.layout.encoding, Some(TextEncoding::Gb18030));
        assert_eq!(found.layout.delimiter, Some(Delimiter::Semicolon));
        assert_eq!(found.layout.header_record, Some(2));
        let suggested: Vec<_> = found.columns.iter().map(|column| column.suggestion).collect();
        let fields = [ImportField::ExternalId, ImportField::Name, ImportField::Phone];
        assert_eq!(suggested, fields.map(Some));
        assert_eq!(found.columns[1].samples, ["王伟"]);

        let title = "南京分行,,客户清单,张三,\n客户号,姓名,城市,手机,备注\n1,王伟,南京,,\n";
        assert_eq!(inspected(title.as_bytes()).layout.header_record, Some(2));
        let found = inspected(b"\xef\xbb\xbfCustomer_Id,Surname,Balance,Amount\n1,Hill,\"1,5\",\n");
        assert_eq!(found.layout.encoding, Some(TextEncoding::Utf8));
        assert_eq!(found.layout.delimiter, Some(Delimiter::Comma));
        assert_eq!(found.columns[0].name, "Customer_Id");
        assert_eq!(found.columns[1].suggestion, Some(ImportField::Name));
        assert_eq!(found.columns[2].suggestion, None);
    }

    #[test]
    fn a_character_that_is_cut_off_by_the_look_is_no_other_encoding() {
        let text = "id,姓名\n1,王伟".as_bytes();
        assert_eq!(detect_encoding(&text[..text.len() - 1], false), TextEncoding::Utf8);
        assert_eq!(detect_encoding(&text[..text.len() - 1], true), TextEncoding::Gb18030);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let found = FileLayout::default();
        assert_eq!(refusal(b"", &found), "empty_file");
        assert_eq!(refusal(b"\n\n", &found), "empty_file");
        assert_eq!(refusal(b"a,a\n1,2\n", &found), "duplicate_column");
        assert_eq!(refusal(b"a,,c\n1,2,3\n", &found), "column_without_name");
        assert_eq!(refusal(b"PK\x03\x04\0\0\n", &found), "not_text");
        let fifth = FileLayout { header_record: Some(5), ..FileLayout::default() };
        assert_eq!(refusal(b"a,b\n1,2\n", &fifth), "no_such_record");
        let trailing = inspected(b"a,b,\n1,2,\n");
        assert_eq!(trailing.columns.len(), 2);
    }
}
