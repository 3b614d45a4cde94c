// How complete the data of customers are: what is missing leads to its field, and the lists of those to be completed.
import { Keyboard } from "../support/keyboard.mjs";
import { look, pressEscape } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").first().locator("tbody tr");
const path = (filter, limit = 50) =>
  `/customers?${new URLSearchParams({ filter, sort: "completeness", limit, include: "total" })}`;

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 180_000 });

    test("what is missing of a customer leads to the place where it is entered", async ({ page, app, api, t }) => {
      const person = await api.newPerson({ city: null });
      await app.open(`/customers/${person.id}`);
      const bar = page.getByRole("region", { name: t("completeness.title"), exact: true });
      const score = async () => (await api.get(`/customers/${person.id}`)).completeness.score;
      await expect(bar).toContainText(`${await score()} %`);
      await look(page, language, "completeness");
      const enter = (key) => app.button("completeness.enter", { field: t(key) }, bar);

      await enter("field.employer").click();
      await expect(app.editing("field.employer")).toBeVisible();
      await expect(page.locator("#fact-employer-field")).toBeFocused();
      await page.keyboard.type("华山书院");
      await page.keyboard.press("Enter");
      await expect(enter("field.employer")).toHaveCount(0);
      await expect(app.fact("field.employer")).toContainText("华山书院");

      // By keyboard alone, from the bar into the dialog and back.
      const keys = new Keyboard(page);
      await enter("contact_point_kind.address").focus();
      await keys.press("Enter");
      const dialog = app.dialog("contact.add");
      await expect(dialog.getByLabel(t("contact.kind"))).toHaveValue("address");
      await expect(dialog.locator("#contact-value")).toBeFocused();
      await keys.type("西湖区北山路 1 号");
      await keys.press("Enter");
      await expect(dialog).toHaveCount(0);
      await expect(enter("contact_point_kind.address")).toHaveCount(0);
      await enter("identity.title").click();
      await expect(app.dialog("identity.title")).toBeVisible();
      await pressEscape(page);
      // Back from elsewhere, nothing is wanted any more.
      await page.getByRole("tab", { name: t("customer.history") }).click();
      await expect(page.locator(".timeline").getByRole("listitem").first()).toBeVisible();
      await page.getByRole("tab", { name: t("customer.profile") }).click();
      await expect(bar).toBeVisible();
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await expect(bar).toContainText(`${await score()} %`);
    });

    test("a relationship manager works the customers to be completed", async ({ page, app, api, t }) => {
      await app.open("/customers");
      await page.getByRole("link", { name: t("nav.data_quality"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("nav.data_quality") })).toBeVisible();
      await expect(page.getByRole("tab", { name: t("data_quality.books") })).toHaveCount(0);
      const mine = `owner_id eq "${api.me.id}" and `;
      const { data } = await api.get(path(`${mine}data_gap eq true`));
      expect(data.length).toBeGreaterThan(0);
      await expect(rows(page)).toHaveCount(data.length);
      const scores = data.map(({ completeness }) => completeness.score);
      expect(scores).toEqual([...scores].sort((a, b) => a - b));
      expect(data.every(({ tier }) => tier !== "mass")).toBe(true);
      const report = await api.get("/reports/data-quality");
      const own = report.books.find(({ owner }) => owner?.id === api.me.id);
      expect(own.figures.data_gaps).toBe((await api.get(path(`${mine}data_gap eq true`, 1))).page.total);
      await look(page, language, "quality-complete");

      await app.field("data_quality.which").selectOption("all");
      await expect(page).toHaveURL(/\/data-quality\?tab=complete&list=all$/);
      const all = await api.get(path(`${mine}completeness lt 100`));
      await expect(rows(page)).toHaveCount(all.data.length);
      await page.reload();
      await expect(rows(page).first()).toContainText(all.data[0].name);
      const keys = new Keyboard(page);
      await keys.to(rows(page).first().getByRole("link"));
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1 })).toContainText(all.data[0].name);

      await app.open("/data-quality");
      await page.getByRole("link", { name: t("data_quality.open"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
      await expect(page.getByRole("columnheader", { name: new RegExp(`^${t("field.completeness")}`) })).toHaveAttribute("aria-sort", "ascending");
      await expect(rows(page)).toHaveCount(data.length);
      await look(page, language, "quality-list");
    });

    test.describe("the manager of a branch", () => {
      test.use({ who: "branch_manager" });

      test("sees how the books stand, and every figure opens its customers", async ({ page, app, api, t }) => {
        await app.open("/data-quality?tab=books");
        const report = await api.get("/reports/data-quality");
        const [worst] = report.books;
        const table = page.getByRole("table", { name: t("data_quality.books") });
        await expect(table.locator("tbody tr")).toHaveCount(report.books.length);
        await look(page, language, "quality-books");
        const line = table.locator("tbody tr").first();
        await expect(line).toContainText(worst.owner?.display_name ?? t("customer.no_owner"));
        await line.getByRole("link").first().click();
        await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
        await expect(rows(page)).toHaveCount(Math.min(worst.figures.data_gaps, 50));
      });

      test("an empty list and a failed one say so", async ({ page, app, t, hygiene }) => {
        const unavailable = { type: "/problems/overloaded", title: "Overloaded", status: 503, code: "overloaded", request_id: "x", errors: [] };
        await page.route(/\/api\/v1\/customers\?.*data_gap/, async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...(await response.json()), data: [] } });
        });
        await app.open("/data-quality");
        await expect(page.getByRole("heading", { name: t("data_quality.none") })).toBeVisible();
        await look(page, language, "quality-none");
        hygiene.expect(503, "/api/v1/reports/data-quality");
        await page.route(/\/api\/v1\/reports\/data-quality/, (route) =>
          route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }),
        );
        await app.open("/data-quality?tab=books");
        await expect(page.getByRole("heading", { name: t("data_quality.failed") })).toBeVisible();
      });
    });

    test.describe("a teller", () => {
      test.use({ who: "teller" });

      test("is shown no tiers and no way to the page", async ({ page, app, t }) => {
        await app.open("/customers");
        await expect(page.getByRole("link", { name: t("nav.data_quality"), exact: true })).toHaveCount(0);
        await app.go("/data-quality");
        await expect(page.getByRole("heading", { level: 1, name: t("missing.title") })).toBeVisible();
      });
    });
  });
}
