// Where values come from, whether somebody has verified them, and which of two is right.
import { randomUUID } from "node:crypto";

import { look, pressEscape } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

/** Says something of a customer as another system would. */
async function sync(api, system, id, data) {
  const line = JSON.stringify({ external: { source: system, id }, data });
  return api.lines("/bulk/customers", line);
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 150_000 });

    test.describe("the head of an outlet", () => {
      test.use({ who: "outlet_head" });

      test("verifies a field and decides what another system says of it", async ({ page, app, api, t }) => {
        const key = randomUUID();
        const person = await api.newPerson({ city: "杭州", external_ids: [{ source: "core", id: key }] });
        const about = (field) => page.getByRole("button", { name: t("field.about", { field: t(field) }), exact: true });

        await app.open(`/customers/${person.id}`);
        await about("field.city").click();
        let dialog = app.dialog("field.city");
        await expect(dialog).toContainText(t("field.not_verified"));
        await expect(dialog).toContainText(api.me.display_name);
        await look(page, language, "field");
        await app.button("field.verify", {}, dialog).click();
        await expect(app.button("field.unverify", {}, dialog)).toBeVisible();
        await look(page, language, "field-verified");
        await pressEscape(page);

        await sync(api, "core", key, { city: "宁波", employer: "新单位" });
        await app.open(`/customers/${person.id}`);
        await expect(app.fact("field.city")).toContainText("杭州");
        await expect(app.fact("field.employer")).toContainText("新单位");
        await about("field.city").click();
        dialog = app.dialog("field.city");
        await expect(dialog).toContainText(t("conflicts.says", { system: "core", value: "宁波" }));
        await look(page, language, "field-conflict");
        await app.button("conflicts.keep", {}, dialog).click();
        await expect(app.toast(t("conflicts.kept"))).toBeVisible();
        await expect(dialog.getByRole("note")).toHaveCount(0);
        await pressEscape(page);

        await sync(api, "core", key, { city: "温州" });
        await app.go("/customers/conflicts");
        const row = page.getByRole("row").filter({ hasText: person.name });
        await expect(row).toContainText("杭州");
        await expect(row).toContainText("温州");
        await look(page, language, "conflicts");
        await app.button("conflicts.take", {}, row).click();
        await expect(app.toast(t("conflicts.taken"))).toBeVisible();
        await expect(row).toHaveCount(0);
        await app.go(`/customers/conflicts?filter=${encodeURIComponent('state eq "accepted"')}`);
        await expect(row).toContainText(t("conflict_state.accepted"));
        await row.getByRole("link", { name: person.name }).click();
        await expect(app.fact("field.city")).toContainText("温州");
      });

      test("by keyboard alone", async ({ page, app, api, t }) => {
        const person = await api.newPerson({ city: "杭州" });
        await app.open(`/customers/${person.id}`);
        const about = app.button("field.about_short", {}, app.editing("field.city"));
        await app.fact("field.city").focus();
        await page.keyboard.press("Enter");
        await expect(app.editing("field.city").getByRole("textbox")).toBeFocused();
        for (let n = 0; n < 3; n += 1) await page.keyboard.press("Tab");
        await expect(about).toBeFocused();
        await page.keyboard.press("Enter");
        const dialog = app.dialog("field.city");
        await expect(app.button("field.verify", {}, dialog)).toBeVisible();
        await app.button("field.verify", {}, dialog).focus();
        await page.keyboard.press("Enter");
        await expect(app.button("field.unverify", {}, dialog)).toBeVisible();
        await page.keyboard.press("Escape");
        await expect(dialog).toHaveCount(0);
        await expect(about).toBeFocused();
      });

      test("a part of the app that does not come says so and is asked again", async ({ page, app, t, hygiene }) => {
        await app.open("/customers");
        await page.route(/split_quality/, (route) => route.abort());
        await app.go("/customers/conflicts");
        const lost = page.getByRole("heading", { level: 1, name: t("error.part_title") });
        await expect(lost).toBeVisible();
        await look(page, language, "part-lost");
        await page.unroute(/split_quality/);
        await app.button("common.retry").click();
        await expect(page.getByRole("heading", { level: 1, name: t("conflicts.title") })).toBeVisible();
        hygiene.forgive();
      });
    });

    test.describe("the auditor", () => {
      test.use({ who: "auditor" });

      test("sees the conflicts and decides nothing", async ({ page, app, t }) => {
        await app.open("/customers/conflicts");
        await expect(page.getByRole("table")).toBeVisible();
        await expect(app.button("conflicts.take")).toHaveCount(0);
        await expect(page.getByRole("table")).toContainText(t("conflict_state.open"));
      });
    });
  });
}
