// What is done to many customers at once: chosen on a page or all that a filter finds, by a job that can be taken back.
import { randomInt } from "node:crypto";

import { look, pressEscape } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");
const bar = (page, t) => page.getByRole("region", { name: t("table.selection") });
const stat = (page, name) => page.locator(".stat").filter({ hasText: name }).locator("dd");

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language, who: "branch_manager" });
    test.describe.configure({ timeout: 180_000 });

    test("a task is set about each chosen customer, and taken back", async ({ page, app, t, api }) => {
      const title = `回访 ${randomInt(1e6)}`;
      await app.open(`/customers?filter=${encodeURIComponent('aum ge 5000000 and owner_id ne null')}`);
      const count = await rows(page).count();
      await page.getByRole("checkbox", { name: t("table.select_page"), exact: true }).check();
      await expect(bar(page, t)).toContainText(t("table.selected", { count }));
      await look(page, language, "bulk-chosen");
      await app.button("bulk.task").click();
      const dialog = app.dialog("bulk.task");
      await app.button("bulk.start", {}, dialog).click();
      await expect(app.field("field.title", dialog)).toHaveAttribute("aria-invalid", "true");
      await app.field("field.title", dialog).fill(title);
      await look(page, language, "bulk-task");
      await app.button("bulk.start", {}, dialog).click();
      await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);
      await expect(stat(page, t("bulk.done"))).toHaveText(String(count), { timeout: 20_000 });
      const filter = encodeURIComponent("assignee_id ne null");
      const set = async () => (await api.get(`/tasks?limit=200&sort=-created_at&filter=${filter}`)).data.filter((task) => task.title === title).length;
      expect(await set()).toBe(count);
      await expect(app.button("bulk.undo")).toBeVisible();
      await look(page, language, "bulk-job");

      await app.button("bulk.undo").click();
      await app.button("bulk.undo", {}, app.dialog("bulk.undo_title")).click();
      await expect(stat(page, t("job.taken_back"))).toHaveText(String(count), { timeout: 20_000 });
      await page.getByRole("link", { name: t("bulk.undoes") }).click();
      await expect(page.getByRole("link", { name: t("bulk.undone_by") })).toBeVisible();
      await expect(app.button("bulk.undo")).toHaveCount(0);
      const open = encodeURIComponent('assignee_id ne null and status eq "open"');
      expect((await api.get(`/tasks?limit=200&sort=-created_at&filter=${open}`)).data.filter((task) => task.title === title)).toEqual([]);
    });

    test("all results are chosen by their filter", async ({ page, app, t, api }) => {
      const filter = 'status eq "active"';
      const { page: whole } = await api.get(`/customers?limit=1&include=total&filter=${encodeURIComponent(filter)}`);
      await app.open(`/customers?filter=${encodeURIComponent(filter)}`);
      await page.getByRole("checkbox", { name: t("table.select_page"), exact: true }).check();
      await app.button("bulk.pick_all").click();
      const count = whole.total.toLocaleString("en-US");
      await expect(bar(page, t)).toContainText(t("table.selected", { count }));
      await app.button("bulk.assign").click();
      await expect(app.dialog("bulk.assign")).toContainText(t("bulk.assign_text", { count }));
      await look(page, language, "bulk-assign");
      // The first closes the list of owners, which opens with the dialog.
      await page.keyboard.press("Escape");
      await pressEscape(page);
      // Choosing one row differently is a choice of rows again.
      await rows(page).first().getByRole("checkbox").uncheck();
      await expect(bar(page, t)).toContainText(t("table.selected", { count: 49 }));
    });
  });
}
