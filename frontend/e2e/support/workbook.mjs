// Workbooks (Office Open XML) written by hand, so that a test says to the letter what stands in each cell: a packed folder whose files are
// stored as they are.
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
// Days that table programs count from (ECMA-376 part 1, 18.17.4.1).
const FIRST_DAY = Date.UTC(1899, 11, 30);
// The second style is a day.
const STYLES = `<styleSheet xmlns="${MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`;

const CRC = Array.from({ length: 256 }, (_, n) => {
  let code = n;
  for (let bit = 0; bit < 8; bit += 1) code = code & 1 ? (code >>> 1) ^ 0xedb88320 : code >>> 1;
  return code >>> 0;
});
const crc32 = (bytes) => (bytes.reduce((code, byte) => CRC[(code ^ byte) & 0xff] ^ (code >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

/** Numbers of two or four bytes, one after the other: `[[value, bytes], …]`. */
function numbers(list) {
  const bytes = Buffer.alloc(list.reduce((sum, [, width]) => sum + width, 0));
  list.reduce((at, [value, width]) => bytes.writeUIntLE(value, at, width), 0);
  return bytes;
}

/** A packed folder of `[name, text]` files (APPNOTE of PKWARE, 4.3). */
function packed(files) {
  const [parts, directory] = [[], []];
  let at = 0;
  for (const [name, text] of files) {
    const [called, bytes] = [Buffer.from(name), Buffer.from(text)];
    // Version, flags, stored, time and day, checksum, both sizes, length of the name, no more fields.
    const told = [[20, 2], [0, 2], [0, 2], [0, 2], [0x21, 2], [crc32(bytes), 4], [bytes.length, 4], [bytes.length, 4], [called.length, 2], [0, 2]];
    const local = Buffer.concat([numbers([[0x04034b50, 4], ...told]), called, bytes]);
    parts.push(local);
    directory.push(numbers([[0x02014b50, 4], [20, 2], ...told, [0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]), called);
    at += local.length;
  }
  const index = Buffer.concat(directory);
  const end = numbers([[0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [index.length, 4], [at, 4], [0, 2]]);
  return Buffer.concat([...parts, index, end]);
}

const escaped = (text) => text.replace(/[&<>]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[letter]);

/** A cell that holds a day, as `2024-03-05`. */
export const day = (text) => ({ serial: (Date.parse(`${text}T00:00:00Z`) - FIRST_DAY) / 86_400_000 });

function cell(value, row, column) {
  if (value === null || value === undefined) return "";
  const name = `${String.fromCharCode(65 + column)}${row}`;
  if (typeof value === "number") return `<c r="${name}"><v>${value}</v></c>`;
  if (typeof value === "object") return `<c r="${name}" s="1"><v>${value.serial}</v></c>`;
  return `<c r="${name}" t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`;
}

/**
 * A workbook with one sheet. Rows are lists of texts, numbers, days and `null` for nothing, of at most 26 cells; an empty list is a row
 * that the sheet does not have. `merged` names cells that are one, such as `A1:G1`.
 */
export function workbook(rows, merged = []) {
  const row = (cells, n) => (cells.length ? `<row r="${n + 1}">${cells.map((value, at) => cell(value, n + 1, at)).join("")}</row>` : "");
  const one = merged.map((range) => `<mergeCell ref="${range}"/>`).join("");
  const merges = one && `<mergeCells count="${merged.length}">${one}</mergeCells>`;
  const relation = (id, type, target) => `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`;
  const relations = (...all) => `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${all.join("")}</Relationships>`;
  const types = ["sheet.main", "worksheet", "styles"].map((type) => `application/vnd.openxmlformats-officedocument.spreadsheetml.${type}+xml`);
  const named = ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"].map((name, n) => `<Override PartName="/${name}" ContentType="${types[n]}"/>`);
  return packed([
    [
      "[Content_Types].xml",
      `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>${named.join("")}</Types>`,
    ],
    ["_rels/.rels", relations(relation("r1", "officeDocument", "xl/workbook.xml"))],
    ["xl/workbook.xml", `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="客户" sheetId="1" r:id="r1"/></sheets></workbook>`],
    ["xl/_rels/workbook.xml.rels", relations(relation("r1", "worksheet", "worksheets/sheet1.xml"), relation("r2", "styles", "styles.xml"))],
    ["xl/styles.xml", HEAD + STYLES],
    ["xl/worksheets/sheet1.xml", `${HEAD}<worksheet xmlns="${MAIN}"><sheetData>${rows.map(row).join("")}</sheetData>${merges}</worksheet>`],
  ]);
}
