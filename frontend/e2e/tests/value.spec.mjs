// What customers are worth: the columns of the list, the tab of a customer, who carries the bank, and the rules of grades.
import { Api } from "../support/api.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";
import { unavailable } from "../support/problems.mjs";

const listed = (filter, sort = "-contribution") => `/customers?filter=${encodeURIComponent(filter)}&sort=${sort}`;
const shown = (count) => Number(count).toLocaleString("en");
const rows = (page) => page.getByRole("table").locator("tbody tr");

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 200_000 });

    test.describe("the administrator", () => {
      test.use({ who: "admin" });

      test("changes a weight, is told what is wrong, corrects it and puts it back", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(422, "/api/v1/grade-policy");
        hygiene.expect(412, "/api/v1/grade-policy");
        const { rules: before } = await api.get("/grade-policy");
        const weight = (n) => page.locator(`#rule-person-${n}-weight`);
        try {
          await app.open("/value/rules");
          await expect(weight(0)).toHaveValue(String(before.person[0].weight));
          await look(page, language, "grade-rules");
          const panel = app.panel("grade_rules.person");
          await expect(panel.getByRole("status")).toHaveText(t("grade_rules.sum", { sum: 100 }));
          await weight(0).fill("many");
          await app.button("common.save").click();
          await expect(weight(0)).toHaveAttribute("aria-invalid", "true");
          await expect(weight(0), "what is wrong is brought into sight").toBeFocused();

          const [first, second] = before.person.map((part) => part.weight);
          await weight(0).fill(String(first + 1));
          await expect(panel.getByRole("status")).toHaveText(t("grade_rules.sum", { sum: 101 }));
          await app.button("common.save").click();
          // The weights are not 100 together: the server says so in their panel.
          await expect(panel.locator(".rules__wrong")).toContainText("101");
          await expect(panel.locator(".rules__wrong")).toBeFocused();
          await look(page, language, "grade-rules-wrong");
          await weight(1).fill(String(second - 1));

          // A colleague saves other rules meanwhile.
          const discount_percent = before.discount_percent + 1;
          await api.change("/grade-policy", { ...before, discount_percent }, "PUT");
          await app.button("common.save").click();
          await expect(page.getByRole("alert").filter({ hasText: t("grade_rules.stale") })).toBeVisible();
          await expect(weight(0), "what was entered is kept").toHaveValue(String(first + 1));
          await look(page, language, "grade-rules-stale");
          await app.button("grade_rules.take").click();
          await expect(weight(0)).toHaveValue(String(first));
          await expect(page.locator("#rule-discount_percent")).toHaveValue(String(discount_percent));
          await weight(0).fill(String(first + 1));
          await weight(1).fill(String(second - 1));
          await app.button("common.save").click();
          await expect(app.toast(t("grade_rules.saved"))).toBeVisible();
          await expect(page.getByRole("alert").filter({ hasText: t("grade_rules.stale") })).toHaveCount(0);
          const { rules } = await api.get("/grade-policy");
          expect([rules.person[0].weight, rules.person[1].weight, rules.discount_percent]).toEqual([first + 1, second - 1, discount_percent]);

          await weight(0).fill(String(first));
          await weight(1).fill(String(second));
          await page.locator("#rule-discount_percent").fill(String(before.discount_percent));
          await app.button("common.save").click();
          await expect.poll(async () => (await api.get("/grade-policy")).rules).toEqual(before);
        } finally {
          await api.change("/grade-policy", before, "PUT");
        }
      });

      test("says at which field grades do not fall", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(422, "/api/v1/grade-policy");
        const before = await api.get("/grade-policy");
        await app.open("/value/rules");
        const last = before.rules.grades.length - 1;
        await page.locator(`#rule-grades-${last}-from_score`).fill("5");
        await page.locator("#rule-grades-0-code").fill("?");
        await app.button("common.save").click();
        await expect(page.locator(`#rule-grades-${last}-from_score`)).toHaveAttribute("aria-invalid", "true");
        await expect(page.locator("#rule-grades-0-code")).toHaveAttribute("aria-invalid", "true");
        await app.button("grade_rules.add_grade").click();
        await expect(page.locator(`#rule-grades-${last + 1}-code`)).toBeVisible();
        expect(await api.get("/grade-policy"), "nothing was changed").toEqual(before);
        await expect(page.getByRole("link", { name: t("nav.value"), exact: true }), "whoever sees no reports").toHaveCount(0);
      });
    });

    test.describe("the manager of a branch", () => {
      test.use({ who: "branch_manager" });

      test("sees who carries the bank, and every figure opens its customers", async ({ page, app, t, api }) => {
        const report = await api.get("/reports/value");
        await app.open("/customers");
        await page.getByRole("link", { name: t("nav.value"), exact: true }).click();
        await expect(page.getByRole("heading", { level: 1, name: t("value.title") })).toBeVisible();
        const curve = app.panel("value.curve");
        await expect(curve.getByRole("img")).toBeVisible();
        await expect(curve.getByRole("link").filter({ hasText: "80 %" })).toContainText(shown(report.carrying));
        await curve.getByText(t("value.curve_table"), { exact: true }).click();
        await expect(curve.getByRole("table").locator("tbody tr")).toHaveCount(report.curve.length);
        await curve.getByText(t("value.curve_table"), { exact: true }).click();
        const grades = app.panel("value.grades").getByRole("table").locator("tbody tr");
        await expect(grades).toHaveCount(report.grades.length);
        await expect(app.panel("value.matrix").locator("td.heat")).toHaveCount(25);
        await look(page, language, "value");

        const opens = async (link, filter) => {
          await link.click();
          await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
          const { data } = await api.get(listed(filter));
          await expect(rows(page)).toHaveCount(data.length);
          await expect(page.getByRole("columnheader", { name: new RegExp(`^${t("field.contribution")}`) })).toBeVisible();
          await page.goBack();
          await expect(page.getByRole("heading", { level: 1, name: t("value.title") })).toBeVisible();
        };
        const { grade } = report.grades.find(({ customers }) => customers > 0);
        const ofGrade = grades.filter({ hasText: t("value.grade", { grade }) }).getByRole("link").first();
        await opens(ofGrade, `grade eq "${grade}"`);
        if (report.unprofitable.customers > 0) {
          await opens(curve.locator('a[href*="contribution%20lt%200"]'), "contribution lt 0");
        }
        const cell = report.rfm.find(({ customers }) => customers > 0);
        const label = t("value.cell", { recency: cell.recency, frequency: cell.frequency, class: t(`rfm_class.${cell.class}`) });
        await opens(page.getByRole("link", { name: `${label} ${shown(cell.customers)}`, exact: true }), `rfm_recency eq ${cell.recency} and rfm_frequency eq ${cell.frequency}`);
      });

      test("reads the rules", async ({ page, app, t, api }) => {
        const { rules } = await api.get("/grade-policy");
        await app.open("/value/rules");
        await expect(app.panel("grade_rules.person").getByRole("table").locator("tbody tr")).toHaveCount(rules.person.length);
        await expect(app.panel("nav.grades").getByRole("table").locator("tbody tr")).toHaveCount(rules.grades.length);
        await expect(app.button("common.save")).toHaveCount(0);
        await expect(page.getByText(t("grade_rules.help_read"), { exact: true })).toBeVisible();
        await look(page, language, "grade-rules-read");
      });
    });

    test("a relationship manager reads why a customer has its grade", async ({ page, app, t, api }) => {
      const { data } = await api.get("/customers?sort=-contribution&limit=1");
      const [customer] = data;
      await app.open(`/customers/${customer.id}`);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("value.grade", { grade: customer.value.grade }));
      await page.getByRole("tab", { name: t("customer.value"), exact: true }).click();
      await expect(page).toHaveURL(/tab=value$/);
      const grade = await api.get(`/customers/${customer.id}/grade`);
      const parts = app.panel("field.grade").getByRole("table").locator("tbody tr");
      await expect(parts).toHaveCount(grade.parts.length);
      await expect(app.panel("field.contribution").getByRole("table").locator("tbody tr")).toHaveCount(grade.income.length + grade.costs.length + 3);
      await expect(app.panel("value_tab.purchases")).toContainText(t(`rfm_class.${grade.rfm.class}`));
      await expect(app.panel("field.lifetime_value")).toContainText(t("value_tab.lifetime", { retention: grade.lifetime_value.retention_percent, discount: grade.lifetime_value.discount_percent }));
      await look(page, language, "customer-value");
    });

    test("the list shows and sorts by what customers are worth", async ({ page, app, t, api }) => {
      const query = new URLSearchParams({ filter: 'rfm_class in ("champion","loyal")', sort: "-lifetime_value", columns: "name,grade,contribution,lifetime_value" });
      const { data } = await api.get(listed('rfm_class in ("champion","loyal")', "-lifetime_value"));
      await app.open(`/customers?${query}`);
      await expect(rows(page)).toHaveCount(data.length);
      await expect(page.getByRole("columnheader", { name: new RegExp(`^${t("field.lifetime_value")}`) })).toHaveAttribute("aria-sort", "descending");
      await expect(page.getByRole("button", { name: new RegExp(`^${t("field.rfm_class")}`) })).toContainText(t("rfm_class.champion"));
      if (data.length) await expect(rows(page).first()).toContainText(data[0].value.grade);
    });

    test.describe("by keyboard", () => {
      test.use({ who: "branch_manager" });

      test("alone, and out of reach", async ({ page, app, t, hygiene }) => {
        const keys = new Keyboard(page);
        await app.open("/customers");
        await keys.press("Control+k");
        await keys.type(t("value.title"));
        await keys.press("Enter");
        await expect(page.getByRole("heading", { level: 1, name: t("value.title") })).toBeVisible();
        const summary = page.locator("details > summary", { hasText: t("value.curve_table") });
        await keys.to(summary);
        await keys.press("Enter");
        await expect(app.panel("value.curve").getByRole("table")).toBeVisible();
        await keys.to(app.panel("value.grades").getByRole("link").first());
        await keys.press("Enter");
        await expect(page).toHaveURL(/\/customers\?filter=grade/);

        hygiene.expect(503, "/api/v1/reports/value");
        await page.route(/\/api\/v1\/reports\/value/, (route) =>
          route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }),
        );
        await app.open("/value");
        await expect(page.getByRole("heading", { name: t("reports.failed") })).toBeVisible();
        await page.unroute(/\/api\/v1\/reports\/value/);
        await app.button("common.retry").click();
        await expect(app.panel("value.curve")).toBeVisible();
      });
    });

    test.describe("a teller", () => {
      test.use({ who: "teller" });

      test("reads the rules, and no figures", async ({ page, app, t }) => {
        await app.open("/value/rules");
        await expect(app.panel("grade_rules.person")).toBeVisible();
        await expect(page.getByRole("link", { name: t("nav.value"), exact: true })).toHaveCount(0);
        await app.go("/value");
        await expect(page.getByRole("heading", { level: 1, name: t("missing.title") })).toBeVisible();
        const teller = await Api.as("teller");
        await expect(teller.send("GET", "/reports/value")).rejects.toThrow("403");
      });
    });
  });
}
