// Files that the app has made, read without what wrote them.
import { readFile } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";

/** The bytes of a download. */
export const bytesOf = async (download) => readFile(await download.path());

/** The records of delimited text (RFC 4180). */
export function records(bytes) {
  const text = bytes.toString("utf8").replace(/^\u{FEFF}/u, "");
  const lines = [];
  let [record, value, quoted] = [[], "", false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') value += letter;
      else if (text[at + 1] === '"') {
        value += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ",") {
      record.push(value);
      value = "";
    } else if (letter === "\n") {
      lines.push([...record, value]);
      [record, value] = [[], ""];
    } else if (letter !== "\r") value += letter;
  }
  return lines;
}

/** The files of a ZIP archive by their names, as text. */
function unpacked(bytes) {
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  let at = bytes.readUInt32LE(end + 16);
  const files = new Map();
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [packed, name, extra, comment] = [20, 28, 30, 32].map((place) => (place === 20 ? bytes.readUInt32LE(at + place) : bytes.readUInt16LE(at + place)));
    const head = bytes.readUInt32LE(at + 42);
    const body = head + 30 + bytes.readUInt16LE(head + 26) + bytes.readUInt16LE(head + 28);
    const inside = bytes.subarray(body, body + packed);
    const method = bytes.readUInt16LE(at + 10);
    files.set(bytes.toString("utf8", at + 46, at + 46 + name), (method === 8 ? inflateRawSync(inside) : inside).toString("utf8"));
    at += 46 + name + extra + comment;
  }
  return files;
}

const plain = (xml) =>
  xml.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&amp;/g, "&");

/** The rows of the one sheet of a workbook, each cell as text or number, and whether anything in it is a formula. */
export function sheet(bytes) {
  const xml = unpacked(bytes).get("xl/worksheets/sheet1.xml");
  const rows = [...xml.matchAll(/<row [^>]*?(?:\/>|>(.*?)<\/row>)/gs)].map(([, inside]) => {
    const row = [];
    for (const [, place, cell] of (inside ?? "").matchAll(/<c r="([A-Z]+)\d+"[^>]*?>(.*?)<\/c>/gs)) {
      const column = [...place].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
      const text = cell.match(/<t[^>]*>(.*?)<\/t>/s);
      row[column] = text ? plain(text[1]) : Number(cell.match(/<v>(.*?)<\/v>/)?.[1]);
    }
    return row;
  });
  return { rows, formulas: /<f[ >]/.test(xml) };
}

/** The values of a column by its head. */
export const column = ([heads, ...rows], head) => rows.map((row) => row[heads.indexOf(head)] ?? "");
