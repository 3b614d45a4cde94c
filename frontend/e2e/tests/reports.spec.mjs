// The reports: every figure leads to the list behind it, which has as many rows; the targets behind them; and what one sees of a
// customer before a contact.
import { Api } from "../support/api.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";
import { unavailable } from "../support/problems.mjs";

const number = (text) => Number(text.replace(/[^\d.-]/g, ""));

/** A day so many days from today, in the bank's zone. */
function day(days) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(Date.now() + days * 86_400_000);
}

async function openReports(page, app, t) {
  await app.go("/reports");
  await expect(page.getByRole("heading", { level: 1, name: t("reports.title") })).toBeVisible();
  await expect(page.locator(".skeleton")).toHaveCount(0);
}

/** The rows that the customer list counts. */
async function customersListed(page, app, t) {
  await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
  const foot = page.getByRole("navigation", { name: t("table.pages") });
  const none = page.getByRole("heading", { name: t("customers.none_found") });
  await expect(foot.or(none)).toBeVisible();
  await expect(page.locator(".table--stale, .skeleton")).toHaveCount(0);
  if (await none.count()) return 0;
  const count = app.button("table.count", {}, foot);
  if (await count.count()) await count.click();
  await expect(count).toHaveCount(0);
  return number((await foot.getByRole("status").textContent()).split(/[–-]/).at(-1).replace(/^\s*[\d,]+/, ""));
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 240_000 });

    test.describe("of the manager of a branch", () => {
      test.use({ who: "branch_manager" });

      test("every figure opens its list", async ({ page, app, api, t }) => {
        const rm = await Api.as("rm");
        const customer = await rm.newPerson();
        const contact = { direction: "outbound", purpose: "relationship" };
        await rm.create(`/customers/${customer.id}/interactions`, { ...contact, kind: "visit", outcome: "reached" });
        await rm.create(`/customers/${customer.id}/interactions`, { ...contact, kind: "call", outcome: "interested" });
        await rm.create(`/customers/${customer.id}/interactions`, { ...contact, kind: "call", outcome: "not_reached" });
        await app.open("/reports");
        await expect(page.locator(".skeleton")).toHaveCount(0);
        await look(page, language, "reports");
        const report = await api.get("/reports/portfolio");

        await test.step("customers of each tier and of a unit", async () => {
          const tiers = app.panel("reports.tiers");
          for (const { tier, customers } of report.tiers) {
            const link = tiers.getByRole("row").filter({ hasText: t(`tier.${tier}`) }).getByRole("link").first();
            await expect(link).toHaveText(customers.toLocaleString("en"));
            await link.click();
            await expect(page).toHaveURL(new RegExp(`filter=.*${tier}`));
            expect(await customersListed(page, app, t), tier).toBe(customers);
            await openReports(page, app, t);
          }
          const link = app.panel("reports.units").getByRole("row").nth(1).getByRole("link").first();
          const count = number(await link.textContent());
          await link.click();
          expect(await customersListed(page, app, t)).toBe(count);
          await expect(page.getByRole("button", { name: new RegExp(`^${t("filter.drop", { filter: t("field.org_unit") })}`) })).toHaveCount(1);
          await openReports(page, app, t);
        });

        await test.step("contacts of all and of one", async () => {
          const panel = app.panel("reports.contacts");
          const own = panel.getByRole("row").filter({ hasText: rm.me.display_name }).getByRole("link");
          for (const link of [panel.locator(".goal").getByRole("link").nth(0), panel.locator(".goal").getByRole("link").nth(1), own.nth(0), own.nth(1)]) {
            const count = number(await link.textContent());
            await link.click();
            await expect(page.getByRole("heading", { level: 1, name: t("contacts.title") })).toBeVisible();
            const head = page.getByRole("search", { name: t("contacts.narrow") });
            await expect(head.getByRole("status")).toHaveText(t("table.total", { total: count.toLocaleString("en") }));
            expect(count).toBeGreaterThan(0);
            await expect(page.locator("li.contact").first()).toBeVisible();
            await openReports(page, app, t);
          }
          await own.nth(0).click();
          await look(page, language, "contacts-narrowed");
          await page.getByRole("button", { name: new RegExp(`^${t("filter.drop", { filter: t("field.author") })}`) }).click();
          await expect(page).not.toHaveURL(/author_id/);
          await page.reload();
          await expect(page.locator("li.contact").first()).toBeVisible();
          await openReports(page, app, t);
        });

        await test.step("what matures", async () => {
          const spans = (await api.get("/reports/maturities")).spans;
          for (const { days, holdings } of spans) {
            const link = app.panel("reports.maturities").getByRole("row").filter({ hasText: t("holdings.within", { days }) }).getByRole("link").first();
            await expect(link).toHaveText(holdings.toLocaleString("en"));
            await link.click();
            await expect(page.getByRole("heading", { level: 1, name: t("holdings.page") })).toBeVisible();
            await expect(page.getByRole("button", { name: t("holdings.within", { days }), exact: true }), "the page knows the span").toHaveClass(/primary/);
            if (holdings > 0 && holdings <= 50) await expect(page.getByRole("table").locator("tbody tr")).toHaveCount(holdings);
            await openReports(page, app, t);
          }
        });

        await test.step("surveys", async () => {
          const [latest] = (await api.get("/reports/satisfaction")).surveys;
          const line = app.panel("reports.satisfaction").getByRole("listitem").filter({ hasText: latest.survey.name }).first();
          await line.getByRole("link", { name: latest.survey.name }).click();
          await expect(page).toHaveURL(new RegExp(`/surveys/${latest.survey.id}`));
          await expect(page.getByRole("tab", { name: t("survey.results"), selected: true })).toBeVisible();
        });
      });

      test("a report that fails says so alone, and is asked again", async ({ page, app, t, hygiene }) => {
        hygiene.expect(503, "/api/v1/reports/contacts");
        await page.route(/\/reports\/contacts$/, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }));
        await page.goto("/reports");
        const panel = app.panel("reports.contacts");
        await expect(panel.getByRole("heading", { name: t("reports.failed") })).toBeVisible();
        await expect(app.panel("reports.tiers").getByRole("table")).toBeVisible();
        await look(page, language, "reports-error");
        await page.unroute(/\/reports\/contacts$/);
        await app.button("common.retry", {}, panel).click();
        await expect(panel.locator(".goal").first()).toBeVisible();
      });
    });

    test("a relationship manager reads the own figures, by keys alone", async ({ page, app, api, t }) => {
      const keys = new Keyboard(page);
      const customer = await api.newPerson();
      await api.create(`/customers/${customer.id}/interactions`, { kind: "video", direction: "outbound", purpose: "sale", outcome: "reached" });
      await app.open("/");
      await keys.press("Control+k");
      await keys.type(t("nav.reports"));
      await expect(page.getByRole("option", { name: t("nav.reports") })).toBeVisible();
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: t("reports.title") })).toBeVisible();
      await expect(page.locator(".skeleton")).toHaveCount(0);
      await look(page, language, "reports-own");
      const link = app.panel("reports.contacts").locator(".goal").getByRole("link").first();
      const count = number(await link.textContent());
      await keys.to(link, "Tab", 120);
      await keys.press("Enter");
      await expect(page.getByRole("search", { name: t("contacts.narrow") }).getByRole("status")).toHaveText(t("table.total", { total: count.toLocaleString("en") }));
      await expect(page.getByRole("search", { name: t("contacts.narrow") })).toContainText(api.me.display_name);
      await app.go("/admin/contact-targets");
      await expect(page.getByText(t("targets.help_read"))).toBeVisible();
      await expect(page.getByRole("textbox")).toHaveCount(0);
      await look(page, language, "targets-read");
    });

    test.describe("of the administrator", () => {
      test.use({ who: "admin" });

      test("the targets are set, and a colleague's change is not written over", async ({ page, app, api, t, hygiene }) => {
        hygiene.expect(412, "/contact-targets");
        await app.open("/");
        await page.getByRole("link", { name: t("nav.targets"), exact: true }).click();
        const meetings = app.field("reports.meetings");
        await expect(meetings).toBeVisible();
        const before = (await api.get("/contact-targets")).targets;
        await meetings.fill("many");
        await app.button("common.save").click();
        await expect(meetings).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "targets");
        await meetings.fill(String(before.meetings_a_day + 1));
        await app.button("common.save").click();
        await expect(app.toast(t("targets.saved"))).toBeVisible();
        await api.change("/contact-targets", before, "PUT");
        await meetings.fill("9");
        await app.button("common.save").click();
        const warning = page.getByRole("alert").filter({ hasText: t("conflict.form") });
        await expect(warning).toContainText(`${t("reports.meetings")}: ${before.meetings_a_day}`);
        await expect(meetings, "what was entered stays").toHaveValue("9");
        expect((await api.get("/contact-targets")).targets).toEqual(before);
        await look(page, language, "targets-conflict");
        await app.button("conflict.keep_theirs").click();
        await expect(warning).toHaveCount(0);
        await expect(meetings).toHaveValue(String(before.meetings_a_day));
        await expect(page.getByRole("link", { name: t("nav.reports"), exact: true })).toHaveCount(0);
      });
    });

    test("what one wants to know before a contact stands on the first tab", async ({ page, app, api, t }) => {
      const customer = await api.newPerson();
      const asked = [];
      page.on("request", (request) => {
        if (request.url().includes(`/api/v1/customers/${customer.id}`)) asked.push(new URL(request.url()).pathname.split(customer.id)[1]);
      });
      await app.open(`/customers/${customer.id}`);
      await expect(app.panel("glance.tasks")).toContainText(t("glance.no_tasks"));
      expect(asked.filter((path) => path !== "/overview"), "one request fills the tab").toEqual([]);
      await look(page, language, "customer-glance-none");

      const product = (await api.get(`/products?filter=${encodeURIComponent('kind eq "deposit"')}`)).data[0];
      await api.create(`/customers/${customer.id}/holdings`, { product_id: product.id, amount: "250000.00", opened_on: day(-20), matures_on: day(5) });
      await api.create("/tasks", { title: "送合同", due_on: day(0), customer_id: customer.id });
      await app.button("log.action").click();
      await app.field("log.notes", page.getByRole("dialog")).fill("谈了续存");
      await app.button("common.save", {}, page.getByRole("dialog")).click();
      await expect(app.panel("glance.contacts"), "what was logged stands there at once").toContainText("谈了续存");
      await expect(app.panel("glance.tasks")).toContainText("送合同");
      const held = app.panel("customer.holdings");
      await expect(held).toContainText(language === "en" ? product.name.en : product.name["zh-CN"]);
      await expect(held).toContainText(day(5));
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("tier.gold"));
      await look(page, language, "customer-glance");
      await held.getByRole("link").click();
      await expect(page.getByRole("tab", { name: t("customer.holdings"), selected: true })).toBeVisible();

      await test.step("a task that is done on its tab is gone from the first one", async () => {
        await page.getByRole("tab", { name: t("nav.contacts") }).click();
        await app.button("tasks.complete", {}, page.locator(".lines > li").filter({ hasText: "送合同" })).click();
        await expect(app.toast(t("tasks.done"))).toBeVisible();
        await page.getByRole("tab", { name: t("customer.profile") }).click();
        await expect(app.panel("glance.tasks")).not.toContainText("送合同");
      });
    });

    test.describe("of the teller", () => {
      test.use({ who: "teller" });

      test("a customer, without what a teller does not see", async ({ page, app, t }) => {
        const customer = await (await Api.as("rm")).newPerson();
        await app.open(`/customers/${customer.id}`);
        for (const title of ["glance.tasks", "customer.holdings", "glance.contacts", "glance.answers"]) {
          await expect(app.panel(title)).toHaveCount(0);
        }
        await expect(page.getByRole("link", { name: t("nav.reports"), exact: true })).toHaveCount(0);
      });
    });
  });
}
