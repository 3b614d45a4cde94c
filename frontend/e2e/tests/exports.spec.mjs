// A list as it stands on the screen becomes a file: what it holds, whom it is for, and how it is got again later.
import { Api } from "../support/api.mjs";
import { bytesOf, column, records, sheet } from "../support/exports.mjs";
import { ended, unique } from "../support/imports.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const FILTER = 'status eq "active"';
const HEADS = { en: { no: "Customer number", name: "Name" }, "zh-CN": { no: "客户号", name: "姓名" } };

/** All rows of a list, as `api` sees them. */
async function all(api, path) {
  const rows = [];
  for (let cursor = ""; cursor !== null; ) {
    const page = await api.get(`${path}&limit=200${cursor && `&cursor=${cursor}`}`);
    rows.push(...page.data);
    cursor = page.page.next;
  }
  return rows;
}

/** Exports what the screen shows and gives the bytes of the file and its name. */
async function exported(page, app, t, list, format, before = async () => {}, button = "exports.button") {
  await app.button(button).click();
  const dialog = app.dialog("exports.title", { list: t(list) });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole("status").first()).toHaveText(/\d/);
  await dialog.getByLabel(t(`export_format.${format}`), { exact: true }).check();
  await before(dialog);
  const reason = dialog.getByLabel(t("exports.reason"), { exact: true });
  if (await reason.isVisible()) await reason.fill("for the monthly meeting");
  await dialog.getByRole("button", { name: t("exports.start"), exact: true }).click();
  const fetch = dialog.getByRole("button", { name: t("exports.download"), exact: true });
  await expect(fetch).toBeVisible({ timeout: 30_000 });
  const [download] = await Promise.all([page.waitForEvent("download"), fetch.click()]);
  await dialog.getByRole("button", { name: t("common.close"), exact: true }).click();
  await expect(dialog).toHaveCount(0);
  return { bytes: await bytesOf(download), name: download.suggestedFilename() };
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 120_000 });
    const heads = HEADS[language];

    test("a filtered list becomes the same rows in both forms", async ({ page, app, api, t }) => {
      const rows = await all(api, `/customers?filter=${encodeURIComponent(FILTER)}&sort=-customer_no`);
      expect(rows.length).toBeGreaterThan(3);
      await app.open(`/customers?filter=${encodeURIComponent(FILTER)}&sort=-customer_no`);
      await expect(page.getByRole("table")).toBeVisible();

      const csv = await exported(page, app, t, "nav.customers", "csv", async (dialog) => {
        await expect(dialog.getByRole("status").first()).toHaveText(String(rows.length));
        await expect(dialog).toContainText(t("customer_status.active"));
      });
      expect(csv.name).toMatch(/\.csv$/);
      expect(csv.bytes.subarray(0, 3), "table programs know UTF-8 by it").toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
      expect(column(records(csv.bytes), heads.no)).toEqual(rows.map((row) => row.customer_no));
      expect(column(records(csv.bytes), heads.name)).toEqual(rows.map((row) => row.name));
      for (const row of rows.filter((row) => row.phone)) expect(row.phone).toContain("*");

      const xlsx = await exported(page, app, t, "nav.customers", "xlsx");
      expect(xlsx.name).toMatch(/\.xlsx$/);
      expect(column(sheet(xlsx.bytes).rows, heads.no)).toEqual(rows.map((row) => row.customer_no));
      expect(column(sheet(xlsx.bytes).rows, heads.name)).toEqual(rows.map((row) => row.name));
    });

    test("chosen rows become a file of the columns that are shown", async ({ page, app, api, t }) => {
      const shown = await api.get("/customers?limit=50");
      await app.open("/customers?columns=name,completeness,missing,contribution");
      await expect(page.getByRole("table")).toBeVisible();
      await page.getByRole("checkbox", { name: t("table.select_page"), exact: true }).check();
      const csv = await exported(page, app, t, "nav.customers", "csv", undefined, "exports.button_chosen");
      const [heads, ...rows] = records(csv.bytes);
      expect(heads).toEqual(["name", "completeness", "missing", "contribution"].map((field) => t(`field.${field}`)).concat(heads[4]));
      expect(rows.map((row) => Number(row[1])).sort()).toEqual(shown.data.map((row) => row.completeness.score).sort());
      expect(rows.some((row) => row[2].includes(", "))).toBe(true);
      expect(new Set(rows.map((row) => row[4]))).toEqual(new Set(["CNY"]));
    });

    test("what is searched for is what the file holds, and no text of it is a formula", async ({ page, app, api, t }) => {
      const own = unique();
      const name = `=1+1 ${own}`;
      await api.newPerson({ name });
      await app.open("/customers");
      await page.getByRole("textbox", { name: t("customers.search") }).fill(own);
      await expect(page.getByRole("table").getByRole("link")).toHaveCount(1);
      const csv = await exported(page, app, t, "nav.customers", "csv", async (dialog) => {
        await expect(dialog).toContainText(own);
      });
      expect(column(records(csv.bytes), heads.name)).toEqual([`'${name}`]);
      const xlsx = await exported(page, app, t, "nav.customers", "xlsx");
      const { rows, formulas } = sheet(xlsx.bytes);
      expect(column(rows, heads.name)).toEqual([name]);
      expect(formulas).toBe(false);
    });

    test("the file is there later, too, for nobody else", async ({ page, app, api, t }) => {
      const job = await api.create("/jobs/exports", { list: "tasks", format: "csv", language });
      await ended(api, job.id);
      await app.open("/");
      await page.getByRole("link", { name: t("nav.jobs"), exact: true }).click();
      await expect(page.getByRole("link", { name: t("jobs.new"), exact: true }), "no import").toHaveCount(0);
      await page.getByRole("link", { name: job.title, exact: true }).first().click();
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("job_state.succeeded"));
      await app.go(`/jobs/${job.id}`);
      await expect(app.panel("job.mapping")).toContainText(t("nav.tasks"));
      const [download] = await Promise.all([page.waitForEvent("download"), app.button("exports.download").click()]);
      expect(download.suggestedFilename()).toBe(job.title);
      const refused = (who, status) => expect(who.get(`/jobs/${job.id}/file`)).rejects.toThrow(status);
      await refused(await Api.as("outlet_head"), "404");
      await refused(await Api.as("auditor"), "404");
      await refused(await Api.as("teller"), "403");
    });

    test("contacts, tasks and holdings have the button, too", async ({ page, app, t }) => {
      for (const [path, list] of [["/interactions", "nav.contacts"], ["/tasks", "nav.tasks"], ["/holdings", "nav.holdings_short"]]) {
        await app.open(path);
        const { bytes } = await exported(page, app, t, list, "csv");
        expect(records(bytes)[0].length, list).toBeGreaterThan(8);
      }
    });

    test.describe("an auditor", () => {
      test.use({ who: "auditor" });

      test("takes out the trail alone, and much of it for a reason only", async ({ page, app, api, t }) => {
        await app.open("/customers");
        await expect(page.getByRole("table")).toBeVisible();
        await expect(app.button("exports.button")).toHaveCount(0);
        const { page: counted } = await api.get("/audit-entries?limit=1&include=total");
        await app.open("/admin/audit");
        await app.button("exports.button").click();
        const dialog = app.dialog("exports.title", { list: t("nav.audit") });
        const reason = dialog.getByLabel(t("exports.reason"), { exact: true });
        await expect(dialog.getByRole("status").first()).toHaveText(/\d/);
        const start = dialog.getByRole("button", { name: t("exports.start"), exact: true });
        if (counted.total <= 1000) {
          await expect(reason).toHaveCount(0);
          return;
        }
        await start.click();
        await expect(dialog.getByText(t("check.required"))).toBeVisible();
        await reason.fill("short");
        await start.click();
        await expect(reason).toHaveAttribute("aria-invalid", "true");
        await reason.fill("for the yearly review");
        await start.click();
        await expect(dialog.getByRole("button", { name: t("exports.download"), exact: true })).toBeVisible({ timeout: 60_000 });
      });
    });

    test.describe("a teller", () => {
      test.use({ who: "teller" });

      test("takes nothing out", async ({ page, app, t }) => {
        await app.open("/customers");
        await expect(page.getByRole("table")).toBeVisible();
        await expect(app.button("exports.button")).toHaveCount(0);
        await expect(page.getByRole("link", { name: t("nav.jobs"), exact: true })).toHaveCount(0);
      });
    });
  });
}

test.describe("by keyboard alone", () => {
  test.use({ language: "en" });

  test("from the list to the file", async ({ page, app, t }) => {
    const keys = new Keyboard(page);
    await app.open("/tasks");
    await keys.to(app.button("exports.button"));
    await keys.press("Enter");
    const dialog = app.dialog("exports.title", { list: t("nav.tasks") });
    await keys.to(dialog.getByRole("button", { name: t("exports.start"), exact: true }));
    await keys.press("Enter");
    const fetch = dialog.getByRole("button", { name: t("exports.download"), exact: true });
    await expect(fetch).toBeVisible({ timeout: 30_000 });
    await keys.to(fetch);
    const [download] = await Promise.all([page.waitForEvent("download"), keys.press("Enter")]);
    expect(download.suggestedFilename()).toMatch(/\.xlsx$/);
    await page.keyboard.press("Escape");
    await expect(app.button("exports.button")).toBeFocused();
  });
});
