// Files to import, and imports made over the interface.
import { randomUUID } from "node:crypto";

import { URL_OF_SERVER } from "./server.mjs";

// Node writes no GB18030; these are the characters that the tests need.
const GB18030 = {
  客: "bfcd", 户: "bba7", 编: "b1e0", 号: "bac5", 姓: "d0d5", 名: "c3fb", 性: "d0d4", 别: "b1f0", 手: "cad6", 机: "bbfa", 出: "b3f6",
  生: "c9fa", 日: "c8d5", 期: "c6da", 男: "c4d0", 女: "c5ae", 导: "b5bc", 入: "c8eb", 甲: "bcd7", 乙: "d2d2", 丙: "b1fb", 丁: "b6a1",
  戊: "ceec",
};
const WIDE_ZERO = "０".codePointAt(0);

/** A text as the bytes of GB18030. */
export function gb18030(text) {
  const bytes = (letter) => {
    const code = letter.codePointAt(0);
    if (code < 0x80) return Buffer.from([code]);
    if (code >= WIDE_ZERO && code < WIDE_ZERO + 10) return Buffer.from([0xa3, 0xb0 + code - WIDE_ZERO]);
    return Buffer.from(GB18030[letter], "hex");
  };
  return Buffer.concat([...text].map(bytes));
}

/** Digits as wide as Chinese characters. */
export const wide = (digits) => digits.replace(/\d/g, (digit) => String.fromCodePoint(WIDE_ZERO + Number(digit)));

/** Lines of a table as CSV; values of these tests need no quotes. */
export const csv = (lines) => lines.map((line) => `${line.join(",")}\r\n`).join("");

/** Something that stands in no other test. */
// A letter first: figures alone are looked for as a phone number.
export const unique = () => `u${randomUUID().slice(-7)}`;

/** Sends a file as `api`. */
export async function upload(api, name, bytes) {
  const answer = await fetch(`${URL_OF_SERVER}/api/v1/uploads?name=${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { authorization: `Bearer ${api.token}`, "content-type": "application/octet-stream" },
    body: bytes,
  });
  if (!answer.ok) throw new Error(`POST /uploads: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Waits for the end of a job. */
export async function ended(api, id) {
  for (let waited = 0; waited < 60; waited += 1) {
    const job = await api.get(`/jobs/${id}`);
    if (!["queued", "running"].includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`the job ${id} does not end`);
}

/** Imports persons, of whom as many as `wrong` have a phone that is none; gives the job once it has ended. */
export async function imported(api, { right = 2, wrong = 2, dry_run = false } = {}) {
  const own = unique();
  const lines = Array.from({ length: right + wrong }, (_, n) => {
    const phone = n < right ? `1380000${String(1000 + n)}` : "12";
    return [`${own}-${n}`, `Person ${own} n${n}`, phone, "Hangzhou"];
  });
  const file = await upload(api, `customers-${own}.csv`, csv([["key", "name", "phone", "city"], ...lines]));
  const column = (field, from) => ({ field, from });
  const made = await api.create("/jobs/imports", {
    upload_id: file.id,
    dry_run,
    mapping: {
      source: "e2e",
      customer: [
        column("external_id", "{key}"),
        column("name", "{name}"),
        column("phone", "{phone}"),
        column("city", "{city}"),
        column("kind", "person"),
      ],
    },
  });
  return ended(api, made.id);
}
