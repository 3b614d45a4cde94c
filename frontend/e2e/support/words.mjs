// The web app's own texts, so that tests find things by the words that people see.
import { readFileSync } from "node:fs";

export const LANGUAGES = ["zh-CN", "en"];

function read(language) {
  const text = readFileSync(new URL(`../../locales/${language}.toml`, import.meta.url), "utf8");
  const words = new Map();
  let section = "";
  for (const line of text.split("\n")) {
    const head = line.match(/^\[(\w+)\]/);
    const entry = line.match(/^(\w+) = (".*")$/);
    if (head) section = head[1];
    if (entry) words.set(`${section}.${entry[1]}`, JSON.parse(entry[2]));
  }
  return words;
}

const CATALOGUES = new Map(LANGUAGES.map((language) => [language, read(language)]));

/** Gives `t(key, arguments)` of a language; an unknown key is an error. */
export function wordsOf(language) {
  const words = CATALOGUES.get(language);
  return (key, values = {}) => {
    const text = words.get(key);
    if (text === undefined) throw new Error(`no text ${key} in ${language}`);
    return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name, one, other) =>
      one === undefined ? String(values[name]) : String(values[name]) === "1" ? one : other,
    );
  };
}

/** A text as part of a regular expression. */
export const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
