// The same by keyboard alone: no mouse in this file. Where one is can be seen at every step.
import { Api } from "../support/api.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { expect, signInOf, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language, who: null });

    test("from signing in to the history", async ({ page, app, t, hygiene }) => {
      test.setTimeout(120_000);
      const rm = await Api.as("rm");
      await rm.preferences({ language, theme: "system", density: "standard", customer_columns: [] });
      const customer = await rm.newPerson();
      const keys = new Keyboard(page);
      hygiene.expect(412, `/customers/${customer.id}`);

      await test.step("sign in", async () => {
        await page.goto("/");
        await expect(app.field("sign_in.username")).toBeFocused();
        await keys.type(signInOf("rm").username);
        await keys.press("Tab");
        await expect(app.field("sign_in.password")).toBeFocused();
        await keys.type(signInOf("rm").password);
        await keys.press("Enter");
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("today.title"));
      });

      await test.step("skip to the content", async () => {
        // Backwards from nowhere, so past everything that can be done in the list of the day.
        await keys.to(page.getByRole("link", { name: t("shell.skip") }), "Shift+Tab", 500);
        await keys.press("Enter");
        await expect(page.getByRole("main")).toBeFocused();
      });

      const open = async (text) => {
        await keys.press("Control+k");
        const box = page.getByRole("combobox", { name: t("palette.placeholder") });
        await expect(box).toBeFocused();
        await keys.type(text);
        return page.getByRole("option").filter({ hasText: customer.customer_no });
      };
      for (const text of [customer.pinyin, customer.initials, customer.tail]) {
        const option = await open(text);
        await expect(option, `found by ${text}`).toBeVisible();
        await keys.press("Escape");
        await expect(page.getByRole("dialog")).toHaveCount(0);
      }
      await test.step("open from the palette", async () => {
        const option = await open(customer.name.slice(0, 3));
        await expect(option).toBeVisible();
        for (let i = 0; i < 8 && (await option.getAttribute("aria-selected")) !== "true"; i += 1) await keys.press("ArrowDown");
        await expect(option).toHaveAttribute("aria-selected", "true");
        await keys.press("Enter");
        await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
      });

      await test.step("change a fact, give up another", async () => {
        await keys.to(app.fact("field.occupation"));
        await keys.press("Enter");
        const field = app.editing("field.occupation").getByRole("textbox");
        await expect(field).toBeFocused();
        await keys.press("Control+a");
        await keys.type("医生");
        await keys.press("Enter");
        await expect(app.fact("field.occupation")).toContainText("医生");
        await expect(app.fact("field.occupation")).toBeFocused();
        await keys.press("Enter");
        await keys.press("Control+a");
        await keys.type("船员");
        await keys.press("Escape");
        await expect(app.fact("field.occupation")).toContainText("医生");
        await expect(app.fact("field.occupation")).toBeFocused();
      });

      await test.step("choose with arrow keys", async () => {
        await keys.to(app.fact("field.gender"), "Shift+Tab");
        await keys.press("Enter");
        await expect(app.editing("field.gender").getByRole("combobox")).toBeFocused();
        await keys.press("ArrowDown");
        await expect(app.editing("field.gender").getByRole("combobox")).toHaveValue("female");
        await keys.press("Enter");
        await expect(app.fact("field.gender")).toContainText(t("gender.female"));
      });

      await test.step("meet a colleague's change", async () => {
        await keys.to(app.fact("field.occupation"));
        await keys.press("Enter");
        await keys.press("Control+a");
        await keys.type("律师");
        await rm.change(`/customers/${customer.id}`, { occupation: "会计" });
        await keys.press("Enter");
        const dialog = app.dialog("conflict.title");
        await expect(dialog).toBeVisible();
        await expect.poll(() => dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
        await keys.to(app.button("conflict.save_mine", {}, dialog));
        await keys.press("Enter");
        await expect(dialog).toHaveCount(0);
        await expect(app.fact("field.occupation")).toContainText("律师");
        await expect(app.fact("field.occupation"), "the focus comes back").toBeFocused();
      });

      await test.step("see a masked value", async () => {
        const name = `${t("contact_point_kind.phone")} ${customer.contact_points[0].value}`;
        await keys.to(app.button("reveal.show", { name }));
        await keys.press("Enter");
        const dialog = app.dialog("reveal.title", { name });
        await expect(app.field("reveal.reason", dialog)).toBeFocused();
        await keys.type("客户要求核对");
        await keys.press("Enter");
        const status = app.panel("contact.title").getByRole("status");
        await expect(status).toContainText(customer.tail);
        await expect.poll(() => page.evaluate(() => document.activeElement?.tagName), "the focus is not lost").not.toBe("BODY");
      });

      await test.step("look back", async () => {
        await keys.to(page.getByRole("tab", { name: t("customer.profile") }), "Shift+Tab");
        await keys.press("ArrowRight", 8);
        await expect(page.getByRole("tab", { name: t("customer.history") })).toHaveAttribute("aria-selected", "true");
        const entries = page.getByRole("tabpanel").getByRole("listitem");
        await expect(entries.first()).toContainText("客户要求核对");
        await expect(entries.nth(1)).toContainText("律师");
      });
    });
  });
}

test("the list: search field, rows, sorting, pages", async ({ page, app, t, api }) => {
  const customer = await api.newPerson();
  const keys = new Keyboard(page);
  await app.open("/customers");
  const search = page.getByRole("textbox", { name: t("customers.search") });
  await keys.to(search);
  await keys.type(customer.pinyin);
  const link = page.getByRole("link", { name: customer.name, exact: true });
  await expect(link).toBeVisible();
  await keys.press("Escape");
  await expect(search).toHaveValue("");
  await expect(page.getByRole("table").getByRole("row")).not.toHaveCount(2);

  const sort = page.getByRole("columnheader").getByRole("button", { name: t("field.updated_at") });
  await keys.to(sort);
  await keys.press("Enter");
  await expect(page).toHaveURL(/sort=updated_at/);
  await expect(sort).toBeFocused();
  await keys.press("Enter");
  await expect(page).toHaveURL(/sort=-updated_at/);
  const rows = page.getByRole("table").locator("tbody").getByRole("link");
  await expect(rows.first()).toHaveText(customer.name);
  await keys.to(rows.first());
  await keys.press("ArrowDown");
  await expect(rows.nth(1)).toBeFocused();
  await keys.press("j");
  await expect(rows.nth(2)).toBeFocused();
  await keys.press("k");
  await keys.press("ArrowUp");
  await expect(rows.first()).toBeFocused();
  await keys.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
  await page.goBack();
  await expect(page).toHaveURL(/sort=-updated_at/);
});

test("a filter, added, changed and dropped", async ({ page, app, t }) => {
  const keys = new Keyboard(page);
  await app.open("/customers");
  await keys.to(page.getByRole("button", { name: t("filter.add"), exact: true }));
  await keys.press("Enter");
  const form = page.getByRole("dialog", { name: t("filter.add") });
  await expect(app.field("filter.field", form)).toBeFocused();
  await keys.to(form.getByRole("checkbox", { name: t("customer_status.active"), exact: true }));
  await keys.press("Space");
  await keys.press("Enter");
  await expect(page).toHaveURL(/filter=status%20eq%20%22active%22|filter=status\+eq\+%22active%22/);
  await expect(page.getByRole("table")).toBeVisible();
  const drop = page.getByRole("button", {
    name: t("filter.drop", { filter: `${t("field.status")} ${t("filter.in")} ${t("customer_status.active")}` }),
  });
  await keys.to(drop, "Tab", 120);
  await keys.press("Enter");
  await expect(page).not.toHaveURL(/filter=/);
});

test("menus: language, theme, row height, sign out", async ({ page, app, t }) => {
  const keys = new Keyboard(page);
  await app.open("/customers");
  const menu = page.getByRole("button", { name: t("shell.density"), exact: true });
  await keys.to(menu);
  await keys.press("ArrowDown");
  await keys.press("End");
  await keys.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-density", "compact");
  await expect(menu).toBeFocused();
  await keys.to(page.getByRole("button", { name: t("shell.theme"), exact: true }), "Shift+Tab");
  await keys.press("Enter");
  await keys.press("End");
  await keys.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await keys.to(page.getByRole("button", { name: t("shell.me", { name: "林若溪" }).slice(0, 6) }));
  await keys.press("Enter");
  await keys.press("Escape");
  await keys.press("Control+k");
  await keys.type("> " + t("nav.sign_out"));
  await expect(page.getByRole("option")).toHaveCount(1);
  await keys.press("Enter");
  await expect(app.button("sign_in.action")).toBeVisible();
});

test.describe("an input method", () => {
  test.use({ language: "zh-CN" });

  /** Composes as an input method does: letters first, then the words they stand for. */
  async function compose(page, letters, words) {
    const session = await page.context().newCDPSession(page);
    for (let end = 1; end <= letters.length; end += 1) {
      const text = letters.slice(0, end);
      await session.send("Input.imeSetComposition", { text, selectionStart: end, selectionEnd: end });
    }
    // The Enter that takes the letters as they are belongs to the input method: code 229.
    await page.keyboard.down("Shift");
    await page.keyboard.up("Shift");
    await session.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 });
    await session.send("Input.dispatchKeyEvent", { type: "keyUp", key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 });
    return async () => {
      await session.send("Input.insertText", { text: words });
      await session.detach();
    };
  }

  test("searches for the words, never for the letters", async ({ page, app, t, api }) => {
    const customer = await api.newPerson();
    const asked = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/customers/search")) asked.push(request.postDataJSON().q);
    });
    await app.open("/customers");
    await page.keyboard.press("Control+k");
    await expect(page.getByRole("combobox")).toBeFocused();
    const finish = await compose(page, customer.pinyin, customer.name);
    await expect(page.getByRole("combobox")).toHaveValue(customer.pinyin);
    await page.waitForTimeout(300);
    expect(asked, "nothing is asked while composing").toEqual([]);
    await expect(page.getByRole("dialog"), "Enter is the input method's").toBeVisible();
    await finish();
    await expect(page.getByRole("option").filter({ hasText: customer.customer_no })).toBeVisible();
    expect(asked).toEqual([customer.name]);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
  });

  test("keeps a fact open until its words are chosen", async ({ page, app, t, api }) => {
    const customer = await api.newPerson();
    const sent = [];
    page.on("request", (request) => {
      if (request.method() === "PATCH" && request.url().includes("/customers/")) sent.push(request.postDataJSON());
    });
    await app.open(`/customers/${customer.id}`);
    const keys = new Keyboard(page);
    await keys.to(app.fact("field.employer"));
    await keys.press("Enter");
    const finish = await compose(page, "suzhoudaxue", "苏州大学");
    await page.waitForTimeout(200);
    expect(sent, "nothing is sent while composing").toEqual([]);
    await expect(app.editing("field.employer").getByRole("textbox")).toBeFocused();
    await finish();
    await expect(app.editing("field.employer").getByRole("textbox")).toHaveValue("苏州大学");
    await keys.press("Enter");
    await expect(app.fact("field.employer")).toContainText("苏州大学");
    expect(sent).toEqual([{ employer: "苏州大学" }]);
  });

  test("does not send a form", async ({ page, app, t, hygiene }) => {
    await app.open("/customers/new");
    const keys = new Keyboard(page);
    await expect(app.field("field.name")).toBeFocused();
    const finish = await compose(page, "linqihang", "林琪航");
    await page.waitForTimeout(200);
    await expect(page).toHaveURL(/\/customers\/new$/);
    await finish();
    await expect(app.field("field.name")).toHaveValue("林琪航");
    await keys.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toContainText("林琪航");
    expect(hygiene.faults()).toEqual([]);
  });
});
