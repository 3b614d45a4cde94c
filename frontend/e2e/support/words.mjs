// The web app's own texts, so that tests find things by the words that people see.
import { readFileSync } from "node:fs";

export const LANGUAGES = ["zh-CN", "en"];

function read(folder, language) {
  const text = readFileSync(new URL(`${folder}/locales/${language}.toml`, import.meta.url), "utf8");
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

const catalogues = (folder) => new Map(LANGUAGES.map((language) => [language, read(folder, language)]));
const CATALOGUES = { web: catalogues("../.."), server: catalogues("../../../backend") };

/** Gives `t(key, arguments)` of a language, of the web app or of the pages that the server writes; an unknown key is an error. */
export function wordsOf(language, of = "web") {
  const words = CATALOGUES[of].get(language);
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
