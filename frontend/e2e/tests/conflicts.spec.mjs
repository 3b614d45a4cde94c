// Two people at the same thing: nobody's words are lost unseen, and everybody can go on; and answers that are lost on the way.
import { randomUUID } from "node:crypto";

import { day } from "../support/dates.mjs";
import { expect, test } from "../support/test.mjs";

const unique = () => randomUUID().slice(-8);
const changed = (within, t) => within.getByRole("alert").filter({ hasText: t("conflict.form") });

test.describe.configure({ timeout: 120_000 });

test.describe("an administrator", () => {
  test.use({ who: "admin" });

  test("sees what a colleague has made of a tag, and takes it or goes on", async ({ page, app, t, api, hygiene }) => {
    const name = `冲突 ${unique()}`;
    const tag = await api.create("/tags", { name, colour: "teal", description: "first" });
    try {
      hygiene.expect(412, `/api/v1/tags/${tag.id}`);
      await app.open(`/admin/tags?filter=${encodeURIComponent('colour eq "teal"')}`);
      await page.getByRole("button", { name: `${t("tags.edit")}: ${name}` }).click();
      const dialog = app.dialog("tags.edit");
      const description = app.field("tags.description", dialog);
      await description.fill("mine");
      await api.change(`/tags/${tag.id}`, { description: "theirs", colour: "red" });
      await app.button("common.save", {}, dialog).click();
      await expect(changed(dialog, t)).toContainText("theirs");
      await expect(description).toHaveValue("mine");
      await expect(app.field("tags.colour", dialog)).toHaveValue("red");
      expect((await api.get(`/tags/${tag.id}`)).description).toBe("theirs");
      await app.button("conflict.keep_theirs", {}, dialog).click();
      await expect(description).toHaveValue("theirs");
      await expect(dialog.getByRole("alert").filter({ hasText: /\S/ })).toHaveCount(0);
      await description.fill("both");
      await app.button("common.save", {}, dialog).click();
      await expect(dialog).toHaveCount(0);
      expect(await api.get(`/tags/${tag.id}`)).toMatchObject({ description: "both", colour: "red" });
    } finally {
      await api.change(`/tags/${tag.id}`, undefined, "POST", "/archive");
    }
  });

  test("does not rename a unit back that a colleague has just renamed", async ({ page, app, t, api, hygiene }) => {
    const code = `e2e-${unique()}`;
    const root = (await api.get("/org-units?limit=200")).data.find((unit) => unit.parent_id === null);
    const unit = await api.create("/org-units", { parent_id: root.id, kind: "outlet", code, name: { "zh-CN": `网点 ${code}`, en: `Outlet ${code}` } });
    try {
      hygiene.expect(412, `/api/v1/org-units/${unit.id}`);
      await app.open("/admin/units");
      const row = page.locator(".tree__row").filter({ hasText: code });
      await row.getByRole("button", { name: /more actions/ }).click();
      await app.menuItem("unit.edit").click();
      const dialog = app.dialog("unit.edit");
      await app.field("unit.name_en", dialog).fill(`Mine ${code}`);
      await api.change(`/org-units/${unit.id}`, { name: { "zh-CN": `新网点 ${code}`, en: `Theirs ${code}` } });
      await app.button("common.save", {}, dialog).click();
      await expect(changed(dialog, t)).toContainText(`Theirs ${code}`);
      await expect(app.field("unit.name_zh", dialog)).toHaveValue(`新网点 ${code}`);
      await app.button("common.save", {}, dialog).click();
      await expect(dialog).toHaveCount(0);
      expect((await api.get(`/org-units/${unit.id}`)).name).toEqual({ "zh-CN": `新网点 ${code}`, en: `Mine ${code}` });
    } finally {
      await api.change(`/org-units/${unit.id}`, undefined, "POST", "/archive");
    }
  });
});

test("a contact point that a colleague has changed is changed at the second attempt", async ({ page, app, t, api, hygiene }) => {
  const customer = await api.newPerson();
  const [point] = customer.contact_points;
  const path = `/customers/${customer.id}/contact-points/${point.id}`;
  hygiene.expect(412, path);
  await app.open(`/customers/${customer.id}`);
  await app.panel("contact.title").getByRole("button", { name: /more actions/ }).click();
  await app.menuItem("contact.edit").click();
  const dialog = app.dialog("contact.edit");
  await dialog.locator("#contact-value").fill("13912340042");
  const { etag } = await api.send("GET", `/customers/${customer.id}`);
  await api.send("PATCH", path, { use: "work" }, { "if-match": etag });
  await app.button("common.save", {}, dialog).click();
  await expect(changed(dialog, t)).toBeVisible();
  await expect(dialog.locator("#contact-use")).toHaveValue("work");
  await expect(dialog.locator("#contact-value")).toHaveValue("13912340042");
  await app.button("common.save", {}, dialog).click();
  await expect(dialog).toHaveCount(0);
  const after = (await api.get(`/customers/${customer.id}`)).contact_points.find((one) => one.id === point.id);
  expect(after.use).toBe("work");
  expect(after.value).toContain("0042");
});

test("a holding and a household keep what two people enter", async ({ page, app, t, api, hygiene }) => {
  const customer = await api.newPerson();
  const [deposit] = (await api.get(`/products?filter=${encodeURIComponent('code eq "dd"')}`)).data;
  const holding = await api.create(`/customers/${customer.id}/holdings`, { product_id: deposit.id, amount: "500", opened_on: "2026-01-05" });
  const name = `郝氏家庭 ${unique()}`;
  const household = await api.create("/households", { name, members: [{ customer_id: customer.id, role: "head" }] });
  hygiene.expect(412, `/api/v1/holdings/${holding.id}`);
  hygiene.expect(412, `/api/v1/households/${household.id}`);

  await app.open(`/customers/${customer.id}?tab=holdings`);
  await app.panel("holdings.title").getByRole("button", { name: deposit.name.en, exact: true }).click();
  await app.button("holding.edit", {}, page.getByRole("dialog", { name: deposit.name.en, exact: true })).click();
  const form = app.dialog("holding.edit");
  await app.field("holding.note", form).fill("mine");
  await api.change(`/holdings/${holding.id}`, { note: "theirs", cost: "450" });
  await app.button("common.save", {}, form).click();
  await expect(changed(form, t)).toContainText("theirs");
  await app.button("common.save", {}, form).click();
  await expect(form).toHaveCount(0);
  expect(await api.get(`/holdings/${holding.id}`)).toMatchObject({ note: "mine", cost: "450.0000" });

  await app.open(`/households/${household.id}`);
  await app.button("household.edit").click();
  const dialog = app.dialog("household.edit");
  await app.field("household.name", dialog).fill(`${name} 1`);
  const members = [{ customer_id: customer.id, role: "other" }];
  await api.change(`/households/${household.id}`, { members });
  await app.button("common.save", {}, dialog).click();
  await expect(changed(dialog, t)).toBeVisible();
  await expect(dialog.getByLabel(t("household.role_of", { name: customer.name }))).toHaveValue("other");
  await app.button("common.save", {}, dialog).click();
  await expect(dialog).toHaveCount(0);
  const after = await api.get(`/households/${household.id}`);
  expect([after.name, after.members[0].role]).toEqual([`${name} 1`, "other"]);
});

test("a task that was changed meanwhile is postponed once one has seen it", async ({ page, app, t, api, hygiene }) => {
  const title = `任务 ${unique()}`;
  const task = await api.create("/tasks", { title, due_on: day(0), priority: "high" });
  hygiene.expect(412, `/api/v1/tasks/${task.id}/postpone`);
  await app.open("/tasks");
  await page.getByRole("button", { name: t("tasks.menu", { title }), exact: true }).click();
  await app.menuItem("tasks.postpone").click();
  const dialog = page.getByRole("dialog");
  await app.button("tasks.reason_asked", {}, dialog).click();
  await api.change(`/tasks/${task.id}`, { title: `${title} (2)` });
  await app.button("tasks.postpone_action", {}, dialog).click();
  await expect(dialog.getByRole("alert").filter({ hasText: t("conflict.stands") })).toContainText(`${title} (2)`);
  await app.button("tasks.postpone_action", {}, dialog).click();
  await expect(dialog).toHaveCount(0);
  expect(await api.get(`/tasks/${task.id}`)).toMatchObject({ title: `${title} (2)`, due_on: day(1) });
});

test("after a lost answer the same is done once, and something else is done as well", async ({ page, app, api, hygiene }) => {
  const word = unique();
  const titles = async () =>
    (await api.get("/tasks?limit=200")).data.map((task) => task.title).filter((title) => title.includes(word)).sort();
  hygiene.expectLost("/api/v1/tasks");
  const keys = [];
  let lose = true;
  await page.route("**/api/v1/tasks", async (route) => {
    if (route.request().method() !== "POST") return route.fallback();
    keys.push(route.request().headers()["idempotency-key"]);
    if (!lose) return route.fallback();
    await route.fetch();
    return route.abort("connectionfailed");
  });
  await app.open("/tasks");
  const dialog = app.dialog("tasks.new");
  const save = () => app.button("common.save", {}, dialog).click();
  const lost = () => expect(dialog.getByRole("alert").filter({ hasText: /\S/ }).first()).toBeVisible();

  await app.button("tasks.new").click();
  await dialog.locator("#task-title").fill(`a ${word}`);
  await save();
  await lost();
  expect(await titles()).toEqual([`a ${word}`]);
  lose = false;
  await save();
  await expect(dialog).toHaveCount(0);
  expect(keys[1]).toBe(keys[0]);
  expect(await titles(), "the same once").toEqual([`a ${word}`]);

  lose = true;
  await app.button("tasks.new").click();
  await dialog.locator("#task-title").fill(`b ${word}`);
  await save();
  await lost();
  lose = false;
  await dialog.locator("#task-title").fill(`c ${word}`);
  await save();
  await expect(dialog).toHaveCount(0);
  expect(new Set(keys).size).toBe(3);
  expect(await titles()).toEqual([`a ${word}`, `b ${word}`, `c ${word}`]);
});
