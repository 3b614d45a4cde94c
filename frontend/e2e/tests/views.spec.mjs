// Views of the customer list: filter, order and columns under a name, for oneself or shared, and one that opens first.
import { randomInt } from "node:crypto";

import { Api } from "../support/api.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const tabs = (page, t) => page.getByRole("navigation", { name: t("views.title") });
const rows = (page) => page.getByRole("table").locator("tbody tr");
const current = (page, t) => tabs(page, t).locator("[aria-current=page]");

/** Removes the views that a test has made. */
async function removed(api, mark) {
  for (const view of (await api.get("/views?list=customers&limit=200")).data) {
    if (view.name.includes(mark) && view.can_change) await api.send("DELETE", `/views/${view.id}`, undefined, { "if-match": `"${view.version}-0"` });
  }
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 180_000 });

    test("a view is saved, changed, opens first and is deleted", async ({ page, app, t, api }) => {
      const mark = `${language}${randomInt(1e6)}`;
      const name = `黄金客户 ${mark}`;
      try {
        await app.open(`/customers?filter=${encodeURIComponent('tier eq "gold"')}`);
        await expect(current(page, t)).toHaveText(t("views.all"));
        await app.button("views.save_as").click();
        let dialog = app.dialog("views.save_as");
        await app.button("common.save", {}, dialog).click();
        await expect(app.field("views.name", dialog)).toHaveAttribute("aria-invalid", "true");
        await app.field("views.name", dialog).fill(name);
        // A relationship manager shares with nobody, and so is not asked.
        await expect(app.field("views.sharing", dialog)).toHaveCount(0);
        await app.button("common.save", {}, dialog).click();
        await expect(app.toast(t("views.saved", { name }))).toBeVisible();
        await expect(current(page, t)).toHaveText(name);
        await expect(page).toHaveURL(/view=[0-9a-f-]{36}/);
        await expect(app.button("views.update")).toHaveCount(0);

        // Another order differs from the view until it is taken over.
        const [{ id }] = (await api.get("/views?list=customers&limit=200")).data.filter((view) => view.name === name);
        const kept = await api.get(`/views/${id}`);
        expect(kept.filter).toBe('tier eq "gold"');
        await page.getByRole("columnheader", { name: t("field.customer_no") }).getByRole("button").click();
        await app.button("views.update").click();
        await expect(app.button("views.update")).toHaveCount(0);
        expect((await api.get(`/views/${id}`)).sort).toBe("customer_no");

        // A link that names the view only opens all of it.
        await app.open(`/customers?view=${id}`);
        await expect(page).toHaveURL(/sort=customer_no/);
        await expect(current(page, t)).toHaveText(name);
        await look(page, language, "views");

        await app.button("views.actions").click();
        await page.getByRole("menuitemradio", { name: t("views.see_first") }).click();
        await expect(app.toast(t("views.is_first"))).toBeVisible();
        await app.open("/customers");
        await expect(page).toHaveURL(new RegExp(`view=${id}`));
        await tabs(page, t).getByRole("link", { name: t("views.all"), exact: true }).click();
        await expect(page).toHaveURL(/view=all/);
        await expect(rows(page).first()).toBeVisible();

        await tabs(page, t).getByRole("link", { name }).click();
        await app.button("views.actions").click();
        await app.menuItem("views.edit").click();
        dialog = app.dialog("views.edit");
        await app.field("views.name", dialog).fill(`${name}!`);
        await app.button("common.save", {}, dialog).click();
        await expect(current(page, t)).toContainText(`${name}!`);

        await app.button("views.actions").click();
        await app.menuItem("views.delete").click();
        dialog = app.dialog("views.delete");
        await app.button("views.delete", {}, dialog).click();
        await expect(app.toast(t("views.deleted", { name: `${name}!` }))).toBeVisible();
        await expect(current(page, t)).toHaveText(t("views.all"));
        await app.open("/customers");
        await expect(current(page, t)).toHaveText(t("views.all"));
      } finally {
        await removed(api, mark);
      }
    });

    test("a view that was changed elsewhere is changed and deleted at the second attempt", async ({ page, app, t, api, hygiene }) => {
      const mark = `${language}${randomInt(1e6)}`;
      const name = `白金客户 ${mark}`;
      const shown = page.locator(".views__tabs [aria-current=page]");
      const choose = async (action) => {
        await app.button("views.actions").click();
        await app.menuItem(action).click();
        return app.dialog(action);
      };
      hygiene.expect(412, "/api/v1/views/");
      try {
        await app.open(`/customers?filter=${encodeURIComponent('tier eq "platinum"')}`);
        await app.button("views.save_as").click();
        await app.field("views.name", app.dialog("views.save_as")).fill(name);
        await app.button("common.save", {}, app.dialog("views.save_as")).click();
        await expect(shown).toHaveText(name);
        const [{ id }] = (await api.get("/views?list=customers&limit=200")).data.filter((view) => view.name === name);

        await page.getByRole("columnheader", { name: t("field.customer_no") }).getByRole("button").click();
        await expect(app.button("views.update")).toBeVisible();
        await api.change(`/views/${id}`, { name: `${name} 1` });
        await app.button("views.update").click();
        await expect(shown).toHaveText(`${name} 1`);
        await app.button("views.update").click();
        await expect(app.button("views.update")).toHaveCount(0);
        expect((await api.get(`/views/${id}`)).sort).toBe("customer_no");

        let dialog = await choose("views.edit");
        await app.field("views.name", dialog).fill(`${name} 3`);
        await api.change(`/views/${id}`, { name: `${name} 2` });
        await app.button("common.save", {}, dialog).click();
        await expect(dialog.getByRole("alert")).toBeVisible();
        await expect(shown).toHaveText(`${name} 2`);
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await expect(shown).toHaveText(`${name} 3`);

        dialog = await choose("views.delete");
        await api.change(`/views/${id}`, { name: `${name} 4` });
        await app.button("views.delete", {}, dialog).click();
        await expect(shown).toHaveText(`${name} 4`);
        await expect(dialog).toHaveCount(0);
        dialog = await choose("views.delete");
        await app.button("views.delete", {}, dialog).click();
        await expect(shown).toHaveText(t("views.all"));
      } finally {
        await removed(api, mark);
      }
    });

    test("on a phone the views are a list to choose from", async ({ page, app, t }) => {
      await page.setViewportSize({ width: 390, height: 844 });
      await app.open("/customers");
      const select = page.getByRole("combobox", { name: t("views.title") });
      await select.selectOption({ label: "白金以上，14 天未联系" });
      await expect(page).toHaveURL(/now-14d/);
      await expect(page.getByRole("button", { name: t("filter.days_ago", { count: "14" }), expanded: false })).toBeVisible();
      await expect(tabs(page, t)).toBeHidden();
    });

    test("a view that is gone shows the whole list", async ({ page, app, t }) => {
      await app.open("/customers?view=019ac0de-0000-7000-8000-00000000ffff");
      await expect(app.toast(t("views.gone"))).toBeVisible();
      await expect(page).toHaveURL(/view=all/);
      await expect(rows(page).first()).toBeVisible();
    });

    test.describe("the manager", () => {
      test.use({ who: "branch_manager" });

      test("shares a view with the branch", async ({ page, app, t, api }) => {
        const mark = `${language}${randomInt(1e6)}`;
        const name = `共享 ${mark}`;
        const rm = await Api.as("rm");
        try {
          await app.open(`/customers?filter=${encodeURIComponent('last_contacted_at lt "now-30d"')}`);
          await app.button("views.save_as").click();
          const dialog = app.dialog("views.save_as");
          await app.field("views.name", dialog).fill(name);
          await app.field("views.sharing", dialog).selectOption("unit");
          await look(page, language, "views-share");
          await app.button("common.save", {}, dialog).click();
          await expect(current(page, t)).toHaveText(name);
          const [seen] = (await rm.get("/views?list=customers&limit=200")).data.filter((view) => view.name === name);
          expect([seen.can_change, seen.refused]).toEqual([false, false]);
        } finally {
          await removed(api, mark);
        }
      });
    });
  });
}
