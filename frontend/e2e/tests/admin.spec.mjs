// Administration, account and access: what each role does besides looking after customers.
import { randomUUID } from "node:crypto";

import { Api, creditCode, identityNumber } from "../support/api.mjs";
import { anotherDevice, expect, test } from "../support/test.mjs";
import { wordsOf } from "../support/words.mjs";

const unique = () => randomUUID().slice(-8);

/** A user of a test's own, past the first change of password. */
async function ownUser(admin, role, unit) {
  const username = `e2e.${unique()}`;
  const made = await admin.create("/users", {
    username,
    display_name: "欧阳清扬",
    role,
    org_unit_id: unit ?? admin.me.org_unit.id,
  });
  const user = made.user ?? made;
  const first = await Api.as({ username, password: made.password });
  const password = `first harvest moon ${unique()}`;
  await first.send("POST", "/auth/password", { current_password: made.password, new_password: password });
  const self = await Api.as({ username, password });
  await self.preferences({ language: "en" });
  return { id: user.id, username, password };
}

test.describe("the administrator", () => {
  test.use({ who: "admin" });

  test("adds a unit and a user, who has to choose a password", async ({ page, app, t, browser, hygiene, baseURL }) => {
    hygiene.expect(422, "/api/v1/org-units");
    const code = `e2e-${unique()}`;
    await app.open("/admin/units");
    await app.button("unit.new").click();
    let dialog = app.dialog("unit.new");
    await app.field("unit.name_zh", dialog).fill("测试路网点");
    await app.field("unit.name_en", dialog).fill(`Test Road ${code}`);
    await app.field("unit.code", dialog).fill("no spaces here");
    await app.button("common.save", {}, dialog).click();
    await expect(app.field("unit.code", dialog)).toHaveAttribute("aria-invalid", "true");
    await app.field("unit.code", dialog).fill(code);
    await app.field("unit.parent", dialog).selectOption({ index: 1 });
    await app.button("common.save", {}, dialog).click();
    await expect(dialog).toHaveCount(0);
    const unit = page.getByRole("listitem").filter({ hasText: code }).last();
    await expect(unit).toContainText(`Test Road ${code}`);

    const username = `e2e.${unique()}`;
    await app.go("/admin/users");
    await page.getByRole("link", { name: t("user.new") }).click();
    await app.field("field.name").fill("司马长青");
    await app.field("user.username").fill(username);
    await app.field("user.role").selectOption("rm");
    await app.field("field.org_unit").selectOption({ label: (await page.locator("#org_unit_id option", { hasText: code }).textContent()) ?? "" });
    await app.button("user.new_action").click();
    dialog = app.dialog("user.password_title");
    const first = (await dialog.locator(".secret").textContent()).trim();
    expect(first.length).toBeGreaterThanOrEqual(12);
    await page.keyboard.press("Escape");
    await expect(dialog, "a password that is seen once is not lost by a key").toBeVisible();
    await app.button("common.done", {}, dialog).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("司马长青");
    await expect(page.getByText(t("user.must_change")).first()).toBeVisible();

    await test.step("the new user signs in", async () => {
      const theirs = await anotherDevice(browser, { baseURL, locale: "en" }, hygiene);
      const them = new app.constructor(theirs, t);
      await theirs.goto("/");
      await them.signIn({ username, password: first });
      await expect(theirs.getByRole("dialog")).toBeVisible();
      // Whoever has chosen none gets the bank's language.
      them.t = wordsOf(await theirs.locator("html").getAttribute("lang"));
      const form = them.dialog("password.must_title");
      await theirs.keyboard.press("Escape");
      await expect(form, "nothing goes on before").toBeVisible();
      await them.field("password.current", form).fill(first);
      await them.field("password.new", form).fill("password1234");
      await them.field("password.repeat", form).fill("something else 12");
      await them.button("password.action", {}, form).click();
      await expect(them.field("password.repeat", form)).toHaveAttribute("aria-invalid", "true");
      hygiene.expect(422, "/auth/password");
      await them.field("password.repeat", form).fill("password1234");
      await them.button("password.action", {}, form).click();
      await expect(them.field("password.new", form), "a common password is refused at its field").toHaveAttribute("aria-invalid", "true");
      const own = `quiet river stone ${unique()}`;
      await them.field("password.new", form).fill(own);
      await them.field("password.repeat", form).fill(own);
      await them.button("password.action", {}, form).click();
      await expect(form).toHaveCount(0);
      await expect(theirs.getByRole("heading", { level: 1 })).toContainText(them.t("today.title"));
      await expect(theirs.getByRole("heading", { name: them.t("today.none") })).toBeVisible();
      await theirs.context().close();
    });

    await test.step("the unit is archived and comes back", async () => {
      await app.go("/admin/units");
      const row = page.locator(".tree__row").filter({ hasText: code });
      await row.getByRole("button", { name: /more actions/ }).click();
      hygiene.expect(409, "/api/v1/org-units/");
      hygiene.expect(422, "/api/v1/org-units/");
      await app.menuItem("unit.edit").click();
      await app.field("unit.name_en", app.dialog("unit.edit")).fill(`Quiet Road ${code}`);
      await app.button("common.save", {}, app.dialog("unit.edit")).click();
      await expect(row).toContainText(`Quiet Road ${code}`);
    });
  });

  test("changes a role, resets a password, archives and restores", async ({ page, app, t, api, hygiene }) => {
    const user = await ownUser(api, "teller");
    await app.open(`/admin/users/${user.id}`);
    await app.fact("user.role").click();
    await app.editing("user.role").getByRole("combobox").selectOption("service");
    await app.button("common.save", {}, app.editing("user.role")).click();
    await expect(app.fact("user.role")).toContainText(t("role.service"));
    await expect(page.getByRole("listitem").first()).toContainText(t("role.service"));

    await app.button("user.reset").click();
    const confirm = page.getByRole("dialog", { name: t("user.reset"), exact: true });
    await app.button("user.reset", {}, confirm).click();
    const shown = app.dialog("user.password_title");
    const password = (await shown.locator(".secret").textContent()).trim();
    await app.button("common.done", {}, shown).click();
    await expect(page.getByText(t("user.must_change")).first()).toBeVisible();
    await expect(Api.as({ username: user.username, password: user.password })).rejects.toThrow(/401/);
    expect((await Api.as({ username: user.username, password })).me.must_change_password).toBe(true);

    await page.getByRole("button", { name: t("common.more"), exact: true }).click();
    await app.menuItem("user.archive").click();
    await app.toast(t("user.archived")).getByRole("button", { name: t("common.undo") }).click();
    await expect(app.toast(t("user.restored"))).toBeVisible();
    await expect(app.fact("user.role")).toBeVisible();
    expect(hygiene.faults()).toEqual([]);
  });

  test("filters the users by role, and the address holds it", async ({ page, app, t }) => {
    await app.open("/admin/users");
    await page.getByRole("button", { name: t("filter.add"), exact: true }).click();
    const form = page.getByRole("dialog", { name: t("filter.add") });
    await form.getByRole("checkbox", { name: t("role.auditor") }).check();
    await app.button("filter.apply", {}, form).click();
    await expect(page).toHaveURL(/filter=/);
    await page.reload();
    const rows = page.getByRole("table").locator("tbody tr");
    await expect(rows.first()).toContainText(t("role.auditor"));
    await expect(rows.filter({ hasNotText: t("role.auditor") })).toHaveCount(0);
  });

  test("sees no way to change or reveal customers", async ({ page, app, t }) => {
    const customer = await (await Api.as("rm")).newPerson();
    await app.open(`/customers/${customer.id}`);
    await expect(page.getByRole("button", { name: /^Edit / })).toHaveCount(0);
    await expect(page.getByRole("button", { name: /^Show / })).toHaveCount(0);
    await expect(page.getByRole("link", { name: t("shell.new") })).toHaveCount(0);
  });
});

test.describe("the account", () => {
  test.use({ who: null });

  test("preferences stay, and hold on another device", async ({ page, app, browser, hygiene, baseURL, t }) => {
    const user = await ownUser(await Api.as("admin"), "rm");
    await page.goto("/preferences");
    await app.signIn(user);
    await app.ready();
    const root = page.locator("html");
    await page.getByRole("radio", { name: t("density.compact") }).check({ force: true });
    await page.getByRole("radio", { name: t("theme.dark") }).check({ force: true });
    await page.getByRole("radio", { name: "简体中文" }).check({ force: true });
    await expect(root).toHaveAttribute("lang", "zh-CN");
    await expect(page.getByRole("heading", { level: 1, name: "个人设置" })).toBeVisible();
    await expect(page).toHaveTitle(/个人设置/);
    await page.waitForLoadState("networkidle");
    await page.reload();
    for (const where of [page, await anotherDevice(browser, { baseURL, locale: "en" }, hygiene)]) {
      if (where !== page) {
        await where.goto("/preferences");
        const there = new app.constructor(where, t);
        await there.signIn(user);
      }
      const html = where.locator("html");
      await expect(where.getByRole("heading", { level: 1, name: "个人设置" })).toBeVisible();
      await expect(html).toHaveAttribute("lang", "zh-CN");
      await expect(html).toHaveAttribute("data-theme", "dark");
      await expect(html).toHaveAttribute("data-density", "compact");
      if (where !== page) await where.context().close();
    }
  });

  test("sessions: one is ended, then all", async ({ page, app, t, browser, hygiene, baseURL }) => {
    const user = await ownUser(await Api.as("admin"), "rm");
    await page.goto("/sessions");
    await app.signIn(user);
    await expect(page.getByText(t("sessions.this"))).toHaveCount(1);
    const other = await anotherDevice(browser, { baseURL, locale: "en" }, hygiene);
    const there = new app.constructor(other, t);
    await other.goto("/customers");
    await there.signIn(user);
    await expect(other.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
    await page.reload();
    await expect(page.getByText(t("sessions.this"))).toHaveCount(1);
    const places = page.getByRole("main").getByRole("listitem");
    const before = await places.count();
    await app.button("sessions.end", {}, places.filter({ hasNotText: t("sessions.this") }).filter({ hasText: "Chrome" }).first()).click();
    await expect(app.toast(t("sessions.ended"))).toBeVisible();
    await expect(places).toHaveCount(before - 1);
    hygiene.expect(401, "/api/v1/");
    await other.reload();
    await expect(there.button("sign_in.action")).toBeVisible();

    await app.button("sessions.everywhere").click();
    await app.button("sessions.everywhere", {}, page.getByRole("dialog")).click();
    await expect(app.button("sign_in.action")).toBeVisible();
    await page.goto("/customers");
    await expect(app.button("sign_in.action")).toBeVisible();
    await other.context().close();
  });
});

test.describe("the auditor", () => {
  test.use({ who: "auditor" });

  test("sees who saw what, and why", async ({ page, app, t }) => {
    const rm = await Api.as("rm");
    const customer = await rm.newPerson();
    const reason = `call back ${unique()}`;
    await rm.send("POST", `/customers/${customer.id}/reveal`, { fields: [customer.contact_points[0].id], reason });
    await app.open("/admin/audit");
    const row = page.getByRole("table").locator("tbody tr").filter({ hasText: reason });
    await expect(row).toContainText(rm.me.display_name);
    await expect(row).toContainText(t("action.revealed"));
    await expect(page.getByRole("table")).not.toContainText(customer.phone);
    await app.go(`/customers/${customer.id}`);
    await expect(page.getByRole("button", { name: /^Edit / })).toHaveCount(0);
    await page.getByRole("tab", { name: t("customer.history") }).click();
    await expect(page.getByRole("tabpanel").getByRole("listitem").first()).toContainText(reason);
  });
});

test.describe("the teller", () => {
  test.use({ who: "teller" });

  test("recognises a customer and can do no more", async ({ page, app, t }) => {
    const customer = await (await Api.as("rm")).newPerson({ notes: "只给客户经理看的备注" });
    await app.open("/customers");
    await expect(page.getByRole("link", { name: t("shell.new") })).toHaveCount(0);
    await expect(page.getByRole("columnheader", { name: t("field.tier") })).toHaveCount(0);
    await page.getByRole("textbox", { name: t("customers.search") }).fill(customer.pinyin);
    await page.getByRole("link", { name: customer.name, exact: true }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
    await expect(page.getByRole("button", { name: /^(Edit|Show|Add) / })).toHaveCount(0);
    await expect(page.getByRole("button", { name: t("common.more"), exact: true })).toHaveCount(0);
    await expect(page.getByRole("tab", { name: t("customer.history") })).toHaveCount(0);
    for (const path of ["/customers/new", "/admin/users", "/admin/audit"]) {
      await app.go(path);
      await expect(page.getByRole("heading", { level: 1, name: t("missing.title") })).toBeVisible();
    }
  });
});

test.describe("new customers", () => {
  test("a person: the server's objection stands at its field", async ({ page, app, t, hygiene }) => {
    hygiene.expect(422, "/api/v1/customers");
    const number = identityNumber();
    const wrong = number.slice(0, -1) + (number.endsWith("0") ? "1" : "0");
    await app.open("/customers");
    await page.getByRole("link", { name: t("shell.new") }).first().click();
    await app.field("field.name").fill("诸葛云舒");
    await app.field("field.city").fill("成都");
    await app.field("identity.number").fill(wrong);
    await app.button("new_customer.action").click();
    const field = app.field("identity.number");
    await expect(field).toHaveAttribute("aria-invalid", "true");
    const said = page.locator(`[id="${(await field.getAttribute("aria-describedby")).split(" ")[0]}"]`);
    await expect(said).not.toBeEmpty();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-invalid"))).toBe("true");

    await field.fill(number);
    const phone = page.getByRole("textbox", { name: `${t("contact_point_kind.phone")} 1` });
    await phone.fill("12345");
    await app.button("new_customer.action").click();
    await expect(phone).toHaveAttribute("aria-invalid", "true");
    await expect(field).not.toHaveAttribute("aria-invalid", "true");
    await phone.fill("138 1234 5678");
    await app.button("new_customer.action").click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("诸葛云舒");
    await expect(app.toast("诸葛云舒")).toBeVisible();
    await expect(app.panel("identity.title")).toContainText(number.slice(-4));
    await expect(app.panel("identity.title")).not.toContainText(number);
    await expect(app.panel("contact.title")).toContainText("5678");
    await expect(app.fact("field.birth_date"), "taken from the number").toContainText(
      `${number.slice(6, 10)}-${number.slice(10, 12)}-${number.slice(12, 14)}`,
    );
    await page.goBack();
    await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
  });

  test("an organisation", async ({ page, app, t }) => {
    await app.open("/customers/new");
    await page.getByRole("radio", { name: t("customer_kind.organisation") }).check({ force: true });
    await app.field("field.registered_name").fill("成都云舒文化传播有限公司");
    await app.field("field.legal_representative").fill("诸葛云舒");
    await app.field("identity.number").fill(creditCode());
    await app.button("new_customer.action").click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("成都云舒文化传播有限公司");
    await expect(app.fact("field.legal_representative")).toContainText("诸葛云舒");
    await expect(app.fact("field.gender")).toHaveCount(0);
  });
});

test.describe("on the customer page", () => {
  test("contact points: added, changed, removed", async ({ page, app, t, api, hygiene }) => {
    hygiene.expect(422, "/contact-points");
    const customer = await api.newPerson();
    await app.open(`/customers/${customer.id}`);
    const panel = app.panel("contact.title");
    await app.button("contact.add").click();
    let dialog = app.dialog("contact.add");
    await app.field("contact.kind", dialog).selectOption("email");
    await app.field("contact.value", dialog).fill("not an address");
    await app.button("common.save", {}, dialog).click();
    await expect(app.field("contact.value", dialog)).toHaveAttribute("aria-invalid", "true");
    await app.field("contact.value", dialog).fill("zhuge@example.com");
    await app.field("contact.use", dialog).selectOption("work");
    await app.button("common.save", {}, dialog).click();
    await expect(dialog).toHaveCount(0);
    const line = panel.getByRole("listitem").filter({ hasText: "@example.com" });
    await expect(line).toContainText(t("contact_point_use.work"));
    await expect(line).not.toContainText("zhuge@");

    const menu = () => app.button("contact.menu", { name: t("contact_point_kind.email") }, line).click();
    await menu();
    await app.menuItem("contact.verify").click();
    await expect(line).toContainText(t("contact.verified"));
    await menu();
    await app.menuItem("contact.edit").click();
    dialog = app.dialog("contact.edit");
    await app.field("contact.use", dialog).selectOption("home");
    await app.button("common.save", {}, dialog).click();
    await expect(line).toContainText(t("contact_point_use.home"));
    await menu();
    await app.menuItem("contact.remove").click();
    await app.button("contact.remove", {}, app.dialog("contact.remove_title")).click();
    await expect(app.toast(t("contact.removed"))).toBeVisible();
    await expect(line).toHaveCount(0);
    expect((await api.get(`/customers/${customer.id}`)).contact_points).toHaveLength(1);
  });

  test("an external id is kept at the second attempt if the customer was changed meanwhile", async ({ page, app, api, hygiene }) => {
    const customer = await api.newPerson();
    hygiene.expect(412, `/customers/${customer.id}/external-ids/`);
    await app.open(`/customers/${customer.id}`);
    await app.button("external.add").click();
    const dialog = app.dialog("external.add");
    await app.field("external.source", dialog).fill("core");
    await app.field("external.id", dialog).fill(`X-${unique()}`);
    await api.change(`/customers/${customer.id}`, { city: "苏州" });
    await app.button("common.save", {}, dialog).click();
    await expect(dialog.getByRole("alert")).toBeVisible();
    await app.button("common.save", {}, dialog).click();
    await expect(dialog).toHaveCount(0);
    await expect(app.panel("external.title")).toContainText("core");
    await expect(app.fact("field.city")).toContainText("苏州");
  });

  test("external id, restriction, holding elsewhere", async ({ page, app, t, api }) => {
    const customer = await api.newPerson();
    await app.open(`/customers/${customer.id}`);
    await app.button("external.add").click();
    await app.field("external.source", page.getByRole("dialog")).fill("core");
    await app.field("external.id", page.getByRole("dialog")).fill(`X-${unique()}`);
    await app.button("common.save", {}, page.getByRole("dialog")).click();
    await expect(app.panel("external.title")).toContainText("core");
    await app.button("external.remove", { source: "core" }).click();
    await expect(app.panel("external.title")).toContainText(t("external.none"));

    await app.button("restriction.add").click();
    await app.field("restriction.reason", page.getByRole("dialog")).fill("反洗钱核查中");
    await app.field("restriction.source", page.getByRole("dialog")).fill("合规部");
    await app.button("common.save", {}, page.getByRole("dialog")).click();
    await expect(app.panel("restriction.title")).toContainText("反洗钱核查中");
    await expect(page.getByRole("heading", { level: 1 })).toContainText(t("restriction.title"));

    await app.button("outside.add").click();
    await app.field("outside.institution", page.getByRole("dialog")).fill("招商银行");
    await page.getByRole("dialog").getByLabel(t("outside.estimate", { currency: "CNY" })).fill("1,500,000");
    await app.button("common.save", {}, page.getByRole("dialog")).click();
    await expect(app.panel("outside.title")).toContainText("招商银行");
    await expect(app.panel("outside.title")).toContainText("1,500,000.00");
    await app.button("outside.remove", { name: "招商银行" }).click();
    await expect(app.panel("outside.title")).toContainText(t("outside.none"));
  });

  test.describe("of the head of an outlet", () => {
    test.use({ who: "outlet_head" });

    test("archived, taken back, handed over", async ({ page, app, t, api }) => {
      const rm = await Api.as("rm");
      const customer = await api.newPerson();
      await app.open(`/customers/${customer.id}`);
      await page.getByRole("button", { name: t("common.more"), exact: true }).click();
      await app.menuItem("customer.archive").click();
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("common.archived"));
      await expect(app.fact("field.name"), "what is archived stays as it is").toHaveCount(0);
      await app.toast(t("customer.archived")).getByRole("button", { name: t("common.undo") }).click();
      await expect(app.toast(t("customer.restored"))).toBeVisible();
      await expect(page.getByRole("heading", { level: 1 })).not.toContainText(t("common.archived"));

      await app.button("assign.title").click();
      const dialog = app.dialog("assign.title");
      const owner = dialog.getByRole("combobox", { name: new RegExp(`^${t("field.owner")}`) });
      await owner.fill(rm.me.display_name.slice(0, 2));
      await page.getByRole("option", { name: new RegExp(rm.me.display_name) }).click();
      await expect(owner).toHaveValue(rm.me.display_name);
      await app.button("assign.action", {}, dialog).click();
      await expect(app.toast(t("assign.done"))).toBeVisible();
      await expect(page.getByText(`${t("field.owner")} ${rm.me.display_name}`)).toBeVisible();
      expect((await api.get(`/customers/${customer.id}`)).owner.id).toBe(rm.me.id);
    });
  });
});

test.describe("the list", () => {
  test.use({ who: "branch_manager" });

  test("sort, filter, pages; the address brings it back", async ({ page, app, t }) => {
    await app.open("/customers");
    const rows = page.getByRole("table").locator("tbody tr");
    await expect(rows).toHaveCount(50);
    const names = () => rows.getByRole("link").allTextContents();
    const first = await names();

    await app.button("table.count").click();
    await expect(page.getByRole("navigation", { name: t("table.pages") })).toContainText(/of [\d,]+/);
    await app.button("table.next").click();
    await expect(page.getByRole("navigation", { name: t("table.pages") })).toContainText("51–100");
    const second = await page.getByRole("table").locator("tbody tr").evaluateAll((list) => list.map((row) => row.textContent));
    expect(second).toHaveLength(50);
    await app.button("table.back").click();
    await expect.poll(names).toEqual(first);

    const assets = page.getByRole("columnheader").getByRole("button", { name: new RegExp(t("field.aum")) });
    await assets.click();
    await assets.click();
    await expect(page).toHaveURL(/sort=-aum/);
    await expect(page.getByRole("columnheader", { name: new RegExp(t("field.aum")) })).toHaveAttribute("aria-sort", "descending");
    const figures = async () =>
      (await rows.locator("td.number").allTextContents()).map((text) => Number(text.replaceAll(",", "")));
    await expect.poll(async () => (await figures())[0]).toBeGreaterThan(0);
    const sorted = await figures();
    expect(sorted).toEqual([...sorted].sort((a, b) => b - a));

    await page.getByRole("button", { name: t("filter.add"), exact: true }).click();
    const form = page.getByRole("dialog", { name: t("filter.add") });
    await app.field("filter.field", form).selectOption("tier");
    await form.getByRole("checkbox", { name: t("tier.diamond") }).check();
    await form.getByRole("checkbox", { name: t("tier.private") }).check();
    await app.button("filter.apply", {}, form).click();
    const chip = page.getByRole("button", { name: new RegExp(`${t("field.tier")} ${t("filter.in")}`) }).first();
    await expect(chip).toContainText(t("tier.diamond"));
    await expect(rows.filter({ hasNotText: new RegExp(`${t("tier.diamond")}|${t("tier.private")}`) })).toHaveCount(0);

    const address = page.url();
    const shown = await names();
    await page.reload();
    await expect.poll(names).toEqual(shown);
    expect(page.url()).toBe(address);
    await rows.first().getByRole("link").click();
    await expect(page).toHaveURL(/\/customers\/[0-9a-f-]{36}$/);
    await page.goBack();
    await expect.poll(names, "back leads to the same list").toEqual(shown);
    await app.button("filter.clear").click();
    await expect(page).not.toHaveURL(/filter=/);
  });

  test("columns are chosen, ordered, and stay", async ({ page, app, t }) => {
    await app.open("/customers");
    const heads = () => page.getByRole("columnheader").allTextContents();
    const open = () => page.getByRole("button", { name: t("table.columns"), exact: true }).click();
    await open();
    const chooser = page.getByRole("dialog", { name: t("table.columns") });
    await expect(chooser.getByRole("checkbox", { name: t("field.name"), exact: true })).toBeDisabled();
    await chooser.getByRole("checkbox", { name: t("field.phone"), exact: true }).uncheck();
    await chooser.getByRole("checkbox", { name: t("field.city"), exact: true }).check();
    await app.button("table.column_up", { column: t("field.status") }, chooser).click();
    await page.keyboard.press("Escape");
    await expect.poll(heads).toContain(t("field.city"));
    const chosen = await heads();
    expect(chosen).not.toContain(t("field.phone"));
    await page.waitForLoadState("networkidle");
    await page.reload();
    await expect.poll(heads).toEqual(chosen);
  });
});
