// The test of every specification: a browser that is signed in as the role asked for, in the language asked for, with
// nothing bad happening unnoticed.
import { test as base, expect } from "@playwright/test";

import { Api, SIGN_INS } from "./api.mjs";
import { Hygiene } from "./hygiene.mjs";
import { escaped, wordsOf } from "./words.mjs";

export { expect };

const PREFERENCES = {
  theme: "system",
  density: "standard",
  gain_colour: "red",
  shortcuts: true,
  customer_columns: [],
};

export const test = base.extend({
  /** Of the texts and of the browser. */
  language: ["en", { option: true }],
  /** Who is signed in: a role, credentials, or `null` for nobody. */
  who: ["rm", { option: true }],

  locale: ({ language }, use) => use(language),
  t: ({ language }, use) => use(wordsOf(language)),

  /** The one who is signed in, over the interface. */
  api: async ({ who, language }, use) => {
    const api = who === null ? null : await Api.as(who);
    await api?.preferences({ ...PREFERENCES, language });
    await use(api);
  },

  storageState: async ({ api, baseURL }, use) => {
    if (!api) return use(undefined);
    const [name, value] = api.cookie.split(";")[0].split("=");
    const cookie = { name, value, domain: new URL(baseURL).hostname, path: "/", httpOnly: true, sameSite: "Strict" };
    const hint = { origin: baseURL, localStorage: [{ name: "guanxi.session", value: "1" }] };
    return use({ cookies: [{ ...cookie, expires: -1, secure: false }], origins: [hint] });
  },

  hygiene: [
    async ({ context }, use) => {
      const hygiene = new Hygiene();
      await hygiene.watch(context);
      await use(hygiene);
      expect(hygiene.faults(), "nothing bad happens on the way").toEqual([]);
    },
    { auto: true },
  ],

  /** The web app as its users speak of it. */
  app: async ({ page, t }, use) => use(new App(page, t)),
});

/** Credentials of the demo user with a role. */
export const signInOf = (role) => SIGN_INS[role];

export class App {
  constructor(page, t) {
    this.page = page;
    this.t = t;
  }

  /** Opens an address and waits until the page stands. */
  async open(path) {
    await this.page.goto(path);
    await this.ready();
  }

  /** Goes to a page as a link in the app does, without loading everything again. */
  async go(path) {
    await this.page.evaluate((to) => {
      history.pushState(null, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
    }, path);
    await this.ready();
  }

  async ready() {
    await expect(this.page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(this.page.locator(".skeleton")).toHaveCount(0);
  }

  /** A field of a form by its label, which may say that it is optional. */
  field(key, within = this.page) {
    return within.getByLabel(new RegExp(`^${escaped(this.t(key))}\\s*(${escaped(this.t("common.optional"))})?$`));
  }

  button(key, values, within = this.page) {
    return within.getByRole("button", { name: this.t(key, values), exact: true });
  }

  dialog(key, values) {
    return this.page.getByRole("dialog", { name: this.t(key, values), exact: true });
  }

  /** A fact of a profile, which turns into a field when pressed. */
  fact(key) {
    return this.page.getByRole("button", { name: new RegExp(`^${escaped(this.t("inline.edit", { field: this.t(key) }))}`) });
  }

  /** The group in which a fact is being edited. */
  editing(key) {
    return this.page.getByRole("group", { name: this.t(key), exact: true });
  }

  panel(key) {
    return this.page.getByRole("region", { name: this.t(key), exact: true });
  }

  menuItem(key) {
    return this.page.getByRole("menuitem", { name: this.t(key), exact: true });
  }

  toast(text) {
    return this.page.locator(".toast").filter({ hasText: text });
  }

  async signIn({ username, password }) {
    await this.field("sign_in.username").fill(username);
    await this.field("sign_in.password").fill(password);
    await this.button("sign_in.action").click();
  }
}

/** A second page of the same app on another context, for a colleague or another device. */
export async function anotherDevice(browser, options, watch) {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] }, ...options });
  await watch.watch(context);
  return context.newPage();
}
