//! Workbooks (Office Open XML, ECMA-376), of which one sheet becomes delimited text when they are received: everything after that knows
//! one kind of file.

use std::io::{Cursor, Read, copy, sink};

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx};
use zip::ZipArchive;

use crate::error::{Error, FieldError, Result};
use crate::imports::reading::COLUMNS;

/// Largest workbook, in bytes: it is held in memory while it is read.
pub(super) const MOST_BYTES: u64 = 40 * 1024 * 1024;
/// How much a workbook may unpack to, in bytes.
const MOST_UNPACKED: u64 = 400 * 1024 * 1024;
/// Most files in a workbook.
const MOST_FILES: usize = 2000;
/// What workbooks begin with, as all packed folders.
pub(super) const MAGIC: [u8; 4] = *b"PK\x03\x04";

fn refused<T>(code: &'static str) -> Result<T> {
    Err(Error::field("", code))
}

/// Takes a piece of text.
type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Result<()>;

/// Hands on the cells of a sheet as records of comma-separated text, a line for each row, so that lines are numbered as rows are. Without a
/// name, the first visible sheet that has cells.
///
/// # Errors
/// 422 for what is no workbook, is damaged, unpacks to too much, or has no such sheet; what `take` gives.
pub(super) fn to_text(file: Vec<u8>, sheet: Option<&str>, take: Take<'_>) -> Result<()> {
    check_size(&file)?;
    let Ok(mut workbook) = Xlsx::new(Cursor::new(file)) else { return refused("no_workbook") };
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible)
        .map(|sheet| sheet.name.clone())
        .collect();
    if let Some(wanted) = sheet {
        if !sheets.iter().any(|name| name == wanted) {
            let field = FieldError::new("sheet", "no_such_sheet").with("allowed", sheets.join(", "));
            return Err(Error::fields(vec![field]));
        }
        return match write_sheet(&mut workbook, wanted, take)? {
            true => Ok(()),
            false => refused("empty_file"),
        };
    }
    for name in &sheets {
        if write_sheet(&mut workbook, name, take)? {
            return Ok(());
        }
    }
    refused("empty_file")
}

/// Unpacks everything once and keeps nothing of it, since what a packed file says of its size may be a lie.
fn check_size(file: &[u8]) -> Result<()> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(file)) else { return refused("damaged_file") };
    if archive.len() > MOST_FILES {
        return refused("unpacks_to_too_much");
    }
    let mut left = MOST_UNPACKED;
    for at in 0..archive.len() {
        let Ok(entry) = archive.by_index(at) else { return refused("damaged_file") };
        let Ok(bytes) = copy(&mut entry.take(left + 1), &mut sink()) else { return refused("damaged_file") };
        left = match left.checked_sub(bytes) {
            Some(left) => left,
            None => return refused("unpacks_to_too_much"),
        };
    }
    Ok(())
}

/// Writes a sheet; whether it has any cells.
fn write_sheet(workbook: &mut Xlsx<Cursor<Vec<u8>>>, name: &str, take: Take<'_>) -> Result<bool> {
    let Ok(mut cells) = workbook.worksheet_cells_reader(name) else { return refused("damaged_file") };
    let mut rows = Rows { take, line: 0, width: 0, values: Vec::new(), any: false };
    loop {
        let Ok(cell) = cells.next_cell() else { return refused("damaged_file") };
        let Some(cell) = cell else { break };
        let (row, column) = cell.get_position();
        let value = text_of(cell.get_value());
        if !value.is_empty() {
            rows.put(row, usize::try_from(column).unwrap_or(usize::MAX), value)?;
        }
    }
    if rows.any {
        rows.end()?;
    }
    Ok(rows.any)
}

/// Rows on their way to being lines.
struct Rows<'a> {
    take: Take<'a>,
    /// The row that is being filled, counted from 0.
    line: u32,
    /// Values of the widest row so far: a row that ends earlier has empty cells at its end.
    width: usize,
    values: Vec<String>,
    any: bool,
}

impl Rows<'_> {
    fn put(&mut self, row: u32, column: usize, value: String) -> Result<()> {
        if column >= COLUMNS {
            let field = FieldError::new("", "too_many_columns").with("line", row.saturating_add(1));
            return Err(Error::fields(vec![field]));
        }
        while self.line < row {
            self.end()?;
            self.line += 1;
        }
        if self.values.len() <= column {
            self.values.resize(column + 1, String::new());
        }
        if let Some(cell) = self.values.get_mut(column) {
            *cell = value;
        }
        self.any = true;
        Ok(())
    }

    /// Ends the row that is being filled.
    fn end(&mut self) -> Result<()> {
        if self.values.is_empty() {
            return (self.take)(b"\n");
        }
        self.width = self.width.max(self.values.len());
        self.values.resize(self.width, String::new());
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        writer.write_record(&self.values).map_err(Error::internal)?;
        let text = writer.into_inner().map_err(Error::internal)?;
        self.values.clear();
        (self.take)(&text)
    }
}

/// A cell as people read it.
fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => cleaned(text),
        DataRef::SharedString(text) => cleaned(text),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(moment) => moment_text(moment),
        // Such a cell has no value: where one is needed, that is what is wrong with the record.
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// Line ends as text has them; `_x000D_` is how table programs keep a carriage return (ECMA-376 part 1, 22.9.2.19).
fn cleaned(text: &str) -> String {
    text.replace("\r\n", "\n").replace("_x000D_", "")
}

/// Table programs show fifteen digits of what they reckon with in binary fractions.
fn number_text(number: f64) -> String {
    let rounded = format!("{number:.14e}").parse::<f64>().unwrap_or(number);
    rounded.to_string()
}

fn moment_text(moment: &ExcelDateTime) -> String {
    match moment.as_datetime() {
        Some(at) if moment.is_datetime() => {
            let time = if at.time() == chrono::NaiveTime::MIN { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" };
            at.format(time).to_string()
        }
        _ => number_text(moment.as_f64()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A workbook with one sheet, of the XML of its rows.
    pub(crate) fn workbook(rows: &str) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        let package = "http://schemas.openxmlformats.org/package/2006";
        let files = [
            (
                "[Content_Types].xml",
                format!(
                    r#"<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#
                ),
            ),
            (
                "_rels/.rels",
                format!(
                    r#"<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/workbook.xml",
                format!(
                    r#"<workbook xmlns="{main}" xmlns:r="{relations}"><sheets><sheet name="客户" sheetId="1" r:id="r1"/></sheets></workbook>"#
                ),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                format!(
                    r#"<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{relations}/styles" Target="styles.xml"/></Relationships>"#
                ),
            ),
            (
                "xl/styles.xml",
                format!(
                    r#"<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>"#
                ),
            ),
            (
                "xl/worksheets/sheet1.xml",
                format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#),
            ),
        ];
        for (name, text) in files {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    pub(crate) fn inline(cell: &str, text: &str) -> String {
        format!(r#"<c r="{cell}" t="inlineStr"><is><t>{text}</t></is></c>"#)
    }

    fn text(rows: &str) -> String {
        let mut output = Vec::new();
        to_text(workbook(rows), None, &mut |text| {
            output.extend_from_slice(text);
            Ok(())
        })
        .unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn cells_become_what_people_read_in_lines_that_are_numbered_as_rows() {
        let rows = [
            format!(r#"<row r="1">{}</row>"#, inline("A1", "客户表")),
            format!(r#"<row r="3">{}{}</row>"#, inline("A3", "号"), inline("C3", "日, \"x\"")),
            r#"<row r="4"><c r="A4"><v>42</v></c><c r="B4"><v>12345.600000000001</v></c><c r="C4" s="1"><v>45356</v></c></row>"#
                .to_owned(),
            r#"<row r="5"><c r="A5" t="b"><v>1</v></c></row>"#.to_owned(),
            r##"<row r="6"><c r="A6" t="e"><v>#N/A</v></c><c r="C6" s="1"><v>45356.5</v></c></row>"##.to_owned(),
        ];
        let expected =
            "客户表\n\n号,,\"日, \"\"x\"\"\"\n42,12345.6,2024-03-05\ntrue,,\n,,2024-03-05 12:00:00\n";
        assert_eq!(text(&rows.concat()), expected);
    }

    #[test]
    fn what_is_no_workbook_or_too_much_is_refused() {
        let code = |file: Vec<u8>, sheet: Option<&str>| {
            to_text(file, sheet, &mut |_| Ok(())).unwrap_err().fields[0].code.to_string()
        };
        let row = format!(r#"<row r="1">{}</row>"#, inline("A1", "x"));
        assert_eq!(code(b"PK\x03\x04".to_vec(), None), "damaged_file");
        let whole = workbook(&row);
        assert_eq!(code(whole[..whole.len() / 2].to_vec(), None), "damaged_file");
        assert_eq!(code(whole, Some("另一个")), "no_such_sheet");
        assert_eq!(code(workbook(""), None), "empty_file");
        let wide = format!(r#"<row r="1">{}</row>"#, inline("GT1", "x"));
        assert_eq!(code(workbook(&wide), None), "too_many_columns");
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("a.txt", SimpleFileOptions::default()).unwrap();
        assert_eq!(code(writer.finish().unwrap().into_inner(), None), "no_workbook");
        let mut bomb = ZipWriter::new(Cursor::new(Vec::new()));
        bomb.start_file("xl/sharedStrings.xml", SimpleFileOptions::default()).unwrap();
        for _ in 0..=MOST_UNPACKED / (1024 * 1024) {
            bomb.write_all(&[b' '; 1024 * 1024]).unwrap();
        }
        assert_eq!(code(bomb.finish().unwrap().into_inner(), None), "unpacks_to_too_much");
    }
}
