// The REST interface, for what a test needs before the browser starts or between two of its steps.
import { readFileSync } from "node:fs";
import { randomInt, randomUUID } from "node:crypto";

import { SIGN_INS_FILE, URL_OF_SERVER } from "./server.mjs";

const BASE = URL_OF_SERVER;

/** User name and password of each role's demo user. */
export const SIGN_INS = (() => {
  const lines = readFileSync(SIGN_INS_FILE, "utf8").split("\n");
  const password = lines.find((line) => line.startsWith("Password: ")).slice("Password: ".length).trim();
  const people = lines.map((line) => line.trim().split(/\s+/)).filter((words) => words.length >= 3);
  return Object.fromEntries(people.map(([username, role]) => [role, { username, password }]).reverse());
})();

/** Somebody who is signed in over the interface. */
export class Api {
  /** Signs in as the demo user of a role, or with other credentials. */
  static async as(who) {
    const credentials = typeof who === "string" ? SIGN_INS[who] : who;
    const api = new Api();
    const { body, cookie } = await api.send("POST", "/auth/sign-in", credentials);
    api.token = body.access_token;
    api.me = body.me;
    api.cookie = cookie;
    return api;
  }

  async send(method, path, body, headers = {}) {
    const answer = await fetch(`${BASE}/api/v1${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return {
      body: text ? JSON.parse(text) : null,
      etag: answer.headers.get("etag"),
      cookie: answer.headers.get("set-cookie"),
    };
  }

  /** Sends a line of NDJSON with a key of its own. */
  async lines(path, line) {
    const answer = await fetch(`${BASE}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", "idempotency-key": randomUUID(), authorization: `Bearer ${this.token}` },
      body: line,
    });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async get(path) {
    return (await this.send("GET", path)).body;
  }

  async create(path, body) {
    return (await this.send("POST", path, body, { "idempotency-key": randomUUID() })).body;
  }

  /** Changes something as it is now, as a colleague would who has just opened it. */
  async change(path, body, method = "PATCH", suffix = "") {
    const { etag } = await this.send("GET", path);
    return (await this.send(method, `${path}${suffix}`, body, { "if-match": etag })).body;
  }

  preferences(preferences) {
    return this.send("PATCH", "/me/preferences", preferences);
  }

  /** A new person of whom a test knows everything that one could search for. */
  async newPerson(more = {}) {
    const { name, pinyin, initials } = newName();
    const phone = `139${randomInt(10_000_000, 99_999_999)}`;
    const customer = await this.create("/customers", {
      kind: "person",
      name,
      occupation: "教师",
      contact_points: [{ kind: "phone", value: phone, use: "personal", primary: true }],
      ...more,
    });
    return { ...customer, pinyin, initials, phone, tail: phone.slice(-4) };
  }
}

const SYLLABLES = Object.entries({
  林: "lin", 周: "zhou", 郑: "zheng", 宋: "song", 唐: "tang", 韩: "han", 冯: "feng", 董: "dong", 潘: "pan", 袁: "yuan",
  琪: "qi", 瑶: "yao", 航: "hang", 敏: "min", 涛: "tao", 宁: "ning", 霞: "xia", 晨: "chen", 凯: "kai", 萌: "meng",
  博: "bo", 颖: "ying", 旭: "xu", 岚: "lan", 舒: "shu", 恬: "tian", 钰: "yu", 骏: "jun", 菲: "fei", 睿: "rui",
});

/** A name that hardly anyone else has, with its pinyin and initials. */
function newName() {
  const family = SYLLABLES[randomInt(10)];
  const given = [SYLLABLES[10 + randomInt(20)], SYLLABLES[10 + randomInt(20)], SYLLABLES[10 + randomInt(20)]];
  const all = [family, ...given];
  return {
    name: all.map(([letter]) => letter).join(""),
    pinyin: all.map(([, syllable]) => syllable).join(""),
    initials: all.map(([, syllable]) => syllable[0]).join(""),
  };
}

/** A resident identity number whose check digit is right. */
export function identityNumber() {
  const body = `31010119${randomInt(60, 99)}0${randomInt(1, 9)}${randomInt(10, 28)}${randomInt(100, 999)}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, index) => total + weight * Number(body[index]), 0);
  return body + "10X98765432"[sum % 11];
}

/** A unified social credit code whose check character is right (GB 32100-2015). */
export function creditCode() {
  const letters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  const body = `91310000MA1${Array.from({ length: 6 }, () => letters[randomInt(letters.length)]).join("")}`;
  const sum = [...body].reduce((total, letter, index) => total + letters.indexOf(letter) * (3 ** index % 31), 0);
  return body + letters[(31 - (sum % 31)) % 31];
}
