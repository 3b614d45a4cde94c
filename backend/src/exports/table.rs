//! A table as it is written: delimited text (RFC 4180), or a workbook.
//!
//! For table programs (`spreadsheet`) text begins with the mark by which they know UTF-8, and values that they would take for formulas have
//! a quote before them, negative amounts among them. In a workbook nothing needs a quote: each cell says what it is, and a text is
//! never a formula. Numbers, dates and instants are such cells; an amount of more than 15 digits, which table programs cannot hold, is a
//! text there, so that it stays exact.

use std::io::{self, Write};
use std::path::Path;

use aws_lc_rs::digest;
use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use chrono_tz::Tz;
use guanxi_api::{Amount, CsvProfile, ExportFormat, ExportList, Language};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::error::Error;
use crate::exports::columns::Cell;
use crate::exports::words;
use crate::spreadsheet;

/// Most rows of a sheet, the one with the heads aside.
pub(super) const MOST_ROWS_OF_SHEET: i64 = 1_048_575;
/// Amounts below this, in 1/10000, are the same after a table program has read and shown them.
const EXACT_IN_SHEET: u64 = 1_000_000_000_000_000;
/// How often writing gives a sign, in bytes.
const BREATH: u64 = 1024 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) list: ExportList,
    pub(super) format: ExportFormat,
    pub(super) profile: CsvProfile,
    pub(super) language: Language,
    /// The bank's.
    pub(super) zone: Tz,
}

/// Why a table cannot be written.
#[derive(Debug)]
pub(super) enum TableError {
    /// A text is longer than a cell of a sheet may be.
    TextTooLong,
    Other(Error),
}

impl From<io::Error> for TableError {
    fn from(error: io::Error) -> Self {
        TableError::Other(Error::internal(error))
    }
}

impl From<csv::Error> for TableError {
    fn from(error: csv::Error) -> Self {
        TableError::Other(Error::internal(error))
    }
}

impl From<XlsxError> for TableError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::MaxStringLengthExceeded => TableError::TextTooLong,
            other => TableError::Other(Error::internal(other)),
        }
    }
}

/// What has been written so far, counted and summed up.
pub(super) struct Measured<W> {
    to: W,
    digest: digest::Context,
    bytes: u64,
    /// Called after every megabyte; an error of it ends the writing.
    breathe: Box<dyn FnMut() -> io::Result<()> + Send>,
}

impl<W> Measured<W> {
    pub(super) fn new(to: W, breathe: Box<dyn FnMut() -> io::Result<()> + Send>) -> Self {
        Measured { to, digest: digest::Context::new(&digest::SHA256), bytes: 0, breathe }
    }

    /// What was written to, how many bytes it were, and their SHA-256.
    pub(super) fn end(self) -> (W, i64, Vec<u8>) {
        let bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        (self.to, bytes, self.digest.finish().as_ref().to_vec())
    }
}

impl<W: Write> Write for Measured<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or_default());
        let before = self.bytes / BREATH;
        self.bytes += written as u64;
        if self.bytes / BREATH > before {
            (self.breathe)()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A table that is being written.
pub(super) enum Table<W: Write + Send> {
    Text(Manner, Box<csv::Writer<Measured<W>>>),
    Sheet(Box<Sheet<W>>),
}

/// A workbook of one sheet. Its rows lie in a nameless file of the scratch directory until it is packed, which vanishes with the process.
pub(super) struct Sheet<W> {
    manner: Manner,
    to: Measured<W>,
    book: Workbook,
    rows: u32,
    amount: Format,
    day: Format,
    at: Format,
}

impl<W: Write + Send> Table<W> {
    /// Begins a table with the heads of its columns.
    pub(super) fn begin(
        manner: Manner,
        fields: &[&'static str],
        mut to: Measured<W>,
        scratch: &Path,
    ) -> Result<Self, TableError> {
        let head = |field: &&'static str| match manner.profile {
            CsvProfile::Spreadsheet => words::column(manner.language, manner.list, field),
            CsvProfile::Raw => field,
        };
        let heads: Vec<&str> = fields.iter().map(head).collect();
        match manner.format {
            ExportFormat::Csv => {
                if manner.profile == CsvProfile::Spreadsheet {
                    to.write_all("\u{FEFF}".as_bytes())?;
                }
                let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
                writer.write_record(&heads)?;
                Ok(Table::Text(manner, Box::new(writer)))
            }
            ExportFormat::Xlsx => {
                let mut book = Workbook::new();
                book.set_tempdir(scratch)?;
                let sheet = book.add_worksheet_with_constant_memory()?;
                sheet.set_name(words::list(manner.language, manner.list))?;
                sheet.set_freeze_panes(1, 0)?;
                let bold = Format::new().set_bold();
                for (column, head) in (0..).zip(&heads) {
                    sheet.set_column_width(column, 16)?;
                    sheet.write_string_with_format(0, column, *head, &bold)?;
                }
                Ok(Table::Sheet(Box::new(Sheet {
                    manner,
                    to,
                    book,
                    rows: 0,
                    amount: Format::new().set_num_format("#,##0.00##"),
                    day: Format::new().set_num_format("yyyy-mm-dd"),
                    at: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
                })))
            }
        }
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        match self {
            Table::Text(manner, writer) => {
                let guard = manner.profile == CsvProfile::Spreadsheet;
                for cell in cells {
                    let text = text(*manner, cell);
                    writer.write_field(if guard { spreadsheet::guarded(&text) } else { text })?;
                }
                writer.write_record(None::<&[u8]>)?;
                Ok(())
            }
            Table::Sheet(sheet) => sheet.row(cells),
        }
    }

    /// Ends the table; gives what it was written to.
    pub(super) fn end(self) -> Result<Measured<W>, TableError> {
        match self {
            Table::Text(_, writer) => {
                writer.into_inner().map_err(|error| TableError::Other(Error::internal(error.error())))
            }
            Table::Sheet(sheet) => {
                let Sheet { mut book, mut to, .. } = *sheet;
                book.save_to_writer(&mut to)?;
                Ok(to)
            }
        }
    }
}

impl<W> Sheet<W> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        self.rows += 1;
        let row = self.rows;
        let Sheet { manner, book, amount, day, at, .. } = self;
        let sheet = book.worksheet_from_index(0)?;
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Whole(number) => {
                    // No count comes near what a table program rounds.
                    #[allow(clippy::cast_precision_loss)]
                    sheet.write_number(row, column, *number as f64)?;
                }
                Cell::Amount(exact) if exact.0.unsigned_abs() < EXACT_IN_SHEET => {
                    sheet.write_number_with_format(row, column, number(*exact), amount)?;
                }
                Cell::Day(date) => match excel_day(*date) {
                    Some(date) => drop(sheet.write_datetime_with_format(row, column, &date, day)?),
                    None => write_text(sheet, row, column, text(*manner, cell))?,
                },
                Cell::At(instant) => {
                    let local = instant.0.with_timezone(&manner.zone).naive_local();
                    match excel_time(local) {
                        Some(time) => drop(sheet.write_datetime_with_format(row, column, &time, at)?),
                        None => write_text(sheet, row, column, text(*manner, cell))?,
                    }
                }
                Cell::Truth(truth) if manner.profile == CsvProfile::Raw => {
                    sheet.write_boolean(row, column, *truth)?;
                }
                Cell::Empty => {}
                Cell::Text(_)
                | Cell::Code(..)
                | Cell::Codes(..)
                | Cell::Name(_)
                | Cell::Truth(_)
                | Cell::Amount(_) => {
                    write_text(sheet, row, column, text(*manner, cell))?;
                }
            }
        }
        Ok(())
    }
}

fn write_text(sheet: &mut Worksheet, row: u32, column: u16, text: String) -> Result<(), TableError> {
    sheet.write_string(row, column, text)?;
    Ok(())
}

/// Decimal to binary and back is the same up to 15 digits.
#[allow(clippy::cast_precision_loss)]
fn number(amount: Amount) -> f64 {
    amount.0 as f64 / 10_000.0
}

/// A day, if table programs can hold it: they begin in 1900.
fn excel_day(day: NaiveDate) -> Option<ExcelDateTime> {
    let year = u16::try_from(day.year()).ok().filter(|year| *year >= 1900)?;
    ExcelDateTime::from_ymd(year, u8::try_from(day.month()).ok()?, u8::try_from(day.day()).ok()?).ok()
}

fn excel_time(at: NaiveDateTime) -> Option<ExcelDateTime> {
    let (hour, minute) = (u16::try_from(at.hour()).ok()?, u8::try_from(at.minute()).ok()?);
    excel_day(at.date())?.and_hms(hour, minute, f64::from(at.second())).ok()
}

/// A value as text.
fn text(manner: Manner, cell: &Cell) -> String {
    let Manner { profile, language, zone, .. } = manner;
    let code = |set: &'static str, code: &'static str| match profile {
        CsvProfile::Spreadsheet => words::code(language, set, code).to_owned(),
        CsvProfile::Raw => code.to_owned(),
    };
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Code(set, known) => code(set, known),
        Cell::Codes(set, known) => known.iter().map(|known| code(set, known)).collect::<Vec<_>>().join(", "),
        Cell::Truth(truth) => code("truth", if *truth { "true" } else { "false" }),
        Cell::Name(name) => name.in_language(language).to_owned(),
        Cell::Whole(number) => number.to_string(),
        Cell::Amount(amount) => amount.to_string(),
        Cell::Day(day) => day.to_string(),
        Cell::At(instant) => {
            let local = instant.0.with_timezone(&zone);
            let form = match profile {
                CsvProfile::Spreadsheet => "%Y-%m-%dT%H:%M:%S%:z",
                CsvProfile::Raw => "%Y-%m-%dT%H:%M:%S%.6f%:z",
            };
            local.format(form).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};
    use guanxi_api::Instant;
    use proptest::prelude::*;

    use super::*;
    use crate::exports::columns::heads;

    fn manner(format: ExportFormat, profile: CsvProfile) -> Manner {
        let (list, language, zone) = (ExportList::Tasks, Language::ZhCn, chrono_tz::Asia::Shanghai);
        Manner { list, format, profile, language, zone }
    }

    /// Writes rows, each beginning with a cell, the others empty.
    fn written(manner: Manner, cells: &[Cell]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let to = Measured::new(Vec::new(), Box::new(|| Ok(())));
        let fields = heads(manner.list, manner.profile);
        let mut table = Table::begin(manner, &fields, to, folder.path()).unwrap();
        let columns = fields.len();
        for cell in cells {
            let mut row = vec![Cell::Empty; columns];
            row[0] = cell.clone();
            table.row(&row).unwrap();
        }
        let (bytes, length, sum) = table.end().unwrap().end();
        assert_eq!(length, i64::try_from(bytes.len()).unwrap());
        assert_eq!(sum, digest::digest(&digest::SHA256, &bytes).as_ref());
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "the rows lie in no file that has a name"
        );
        bytes
    }

    fn in_text(profile: CsvProfile, cells: &[Cell]) -> Vec<String> {
        let bytes = written(manner(ExportFormat::Csv, profile), cells);
        let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(&bytes);
        let mut reader = csv::Reader::from_reader(bytes);
        reader.records().map(|record| record.unwrap()[0].to_owned()).collect()
    }

    fn in_sheet(profile: CsvProfile, cells: &[Cell]) -> Vec<Data> {
        let bytes = written(manner(ExportFormat::Xlsx, profile), cells);
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names(), ["任务"]);
        let rows = book.worksheet_range_at(0).unwrap().unwrap();
        rows.rows().skip(1).map(|row| row[0].clone()).collect()
    }

    const HOSTILE: [&str; 16] = [
        "=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\0", "'=1", "''", "\"", "a\r\nb", "a\nb", "_x0000_",
        "_x005F_", "<a>&amp;", " x ",
    ];

    #[test]
    fn b12_texts_are_what_they_were_and_no_formulas() {
        let mut texts: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
        texts.extend(HOSTILE.iter().map(|text| text.repeat(10_000 / text.len())));
        texts.push("名".repeat(32_767));
        let cells: Vec<Cell> = texts.iter().cloned().map(Cell::Text).collect();
        assert_eq!(in_text(CsvProfile::Raw, &cells), texts);
        let guarded = in_text(CsvProfile::Spreadsheet, &cells);
        assert!(guarded.iter().all(|value| !value.starts_with(['=', '+', '-', '@', '\t', '\r', '\0'])));
        let plain: Vec<&str> = guarded.iter().map(|value| spreadsheet::unguarded(value)).collect();
        assert_eq!(plain, texts);
        for profile in CsvProfile::ALL {
            let expected: Vec<Data> = texts.iter().cloned().map(Data::String).collect();
            assert_eq!(in_sheet(*profile, &cells), expected);
        }
    }

    #[test]
    fn numbers_days_and_instants_are_such_cells() {
        let day = NaiveDate::from_ymd_opt(2026, 2, 28).unwrap();
        let at = Instant("2026-11-22T18:30:05.123456Z".parse().unwrap());
        let cells = [
            Cell::Whole(-7),
            Cell::Amount(Amount(123_456_789_012_345)),
            Cell::Amount(Amount(-1)),
            Cell::Day(day),
            Cell::At(at),
            Cell::Truth(true),
            Cell::Code("task_status", "open"),
        ];
        let found = in_sheet(CsvProfile::Spreadsheet, &cells);
        assert_eq!(found[..3], [Data::Float(-7.0), Data::Float(12_345_678_901.234_5), Data::Float(-0.0001)]);
        let moment = |cell: &Data| match cell {
            // Days since the day from which table programs count.
            Data::DateTime(at) => (at.as_f64() * 86_400.0).round(),
            other => panic!("{other:?} is no moment"),
        };
        let first = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap().and_time(chrono::NaiveTime::MIN);
        let seconds = |at: NaiveDateTime| {
            f64::from(i32::try_from((at - first).num_days()).unwrap()) * 86_400.0
                + f64::from(at.num_seconds_from_midnight())
        };
        assert_eq!(moment(&found[3]), seconds(day.and_time(chrono::NaiveTime::MIN)));
        let local = NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().and_hms_opt(2, 30, 5).unwrap();
        assert_eq!(moment(&found[4]), seconds(local));
        assert_eq!(found[5..], [Data::String("是".into()), Data::String("待办".into())]);
        assert_eq!(in_sheet(CsvProfile::Raw, &cells)[5..], [Data::Bool(true), Data::String("open".into())]);
        let text = in_text(CsvProfile::Raw, &cells);
        let expected = [
            "-7",
            "12345678901.2345",
            "-0.0001",
            "2026-02-28",
            "2026-11-23T02:30:05.123456+08:00",
            "true",
            "open",
        ];
        assert_eq!(text, expected);
        let guarded = in_text(CsvProfile::Spreadsheet, &cells);
        assert_eq!(guarded[..3], ["'-7", "12345678901.2345", "'-0.0001"]);
        assert_eq!(guarded[4], "2026-11-23T02:30:05+08:00");
    }

    #[test]
    fn what_a_sheet_cannot_hold_is_a_text() {
        let old = Cell::Day(NaiveDate::from_ymd_opt(1899, 12, 31).unwrap());
        let cells = [Cell::Amount(Amount(i64::MAX)), Cell::Amount(Amount(i64::MIN)), old];
        let expected = ["922337203685477.5807", "-922337203685477.5808", "1899-12-31"];
        let texts: Vec<Data> = expected.iter().map(|text| Data::String((*text).to_owned())).collect();
        assert_eq!(in_sheet(CsvProfile::Raw, &cells), texts);
        let folder = tempfile::tempdir().unwrap();
        let to = Measured::new(Vec::new(), Box::new(|| Ok(())));
        let manner = manner(ExportFormat::Xlsx, CsvProfile::Raw);
        let mut table = Table::begin(manner, &heads(manner.list, manner.profile), to, folder.path()).unwrap();
        let long = table.row(&[Cell::Text("x".repeat(32_768))]);
        assert!(matches!(long, Err(TableError::TextTooLong)));
    }

    #[test]
    fn whoever_writes_long_is_asked_on_the_way() {
        let mut asked = 0;
        let breathe = Box::new(move || {
            asked += 1;
            if asked < 3 { Ok(()) } else { Err(io::Error::other("enough")) }
        });
        let mut to = Measured::new(io::sink(), breathe);
        let megabyte = vec![0; 1024 * 1024];
        assert!(to.write_all(&megabyte).is_ok() && to.write_all(&megabyte).is_ok());
        assert_eq!(to.write_all(&megabyte).unwrap_err().to_string(), "enough");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn amounts_of_a_sheet_are_exact(units in -999_999_999_999_999_i64..1_000_000_000_000_000) {
            let Data::Float(number) = in_sheet(CsvProfile::Raw, &[Cell::Amount(Amount(units))])[0] else {
                return Err(TestCaseError::fail("no number"));
            };
            prop_assert_eq!(format!("{number:.4}"), Amount(units).to_string());
        }
    }
}
