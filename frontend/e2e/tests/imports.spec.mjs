// From a file to customers: the four steps, the records that were not taken, put right in their place, and the list of jobs.
import { randomInt } from "node:crypto";

import { Api } from "../support/api.mjs";
import { csv, ended, gb18030, imported, unique, upload, wide } from "../support/imports.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const HEADER = ["客户编号", "姓名", "性别", "手机号", "出生日期"];
const FIELDS = ["external_id", "name", "gender", "phone", "birth_date"];

const phone = () => `139${randomInt(10_000_000, 99_999_999)}`;

/** Customers of this name, as `api` finds them. */
const found = async (api, name) => (await api.send("POST", "/customers/search", { q: name })).body.data;

/** Five persons: the third has a phone that is none, the fourth a day that there never was. */
function persons() {
  const own = unique();
  const names = ["甲", "乙", "丙", "丁", "戊"].map((letter) => `导入${letter}${own}`);
  const phones = names.map(phone);
  const lines = [
    [`${own}-1`, names[0], "男", wide(phones[0]), "1980-01-02"],
    [`${own}-2`, names[1], "女", phones[1], wide("1990-05-06")],
    [`${own}-3`, names[2], "女", "12", "1985-03-04"],
    [`${own}-4`, names[3], "男", phones[3], "1985-02-30"],
    [`${own}-5`, names[4], "男", phones[4], "1979-12-31"],
  ];
  return { names, phones, bytes: gb18030(csv([HEADER, ...lines])) };
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 150_000 });

    test.describe("the head of an outlet", () => {
      test.use({ who: "outlet_head" });

      /** A figure of a job by its words. */
      const figure = (page, words) => page.locator(".stat").filter({ has: page.getByText(words, { exact: true }) }).locator("dd");

      test("imports a file and puts right what was not taken", async ({ page, app, api, t }) => {
        const { names, phones, bytes } = persons();
        const step = (key) => expect(page.getByRole("heading", { level: 2, name: t(key), exact: true })).toBeVisible();

        await test.step("the file", async () => {
          await app.open("/jobs");
          await page.getByRole("link", { name: t("jobs.new"), exact: true }).click();
          await step("imports.step_file");
          await page.locator("#import-file").setInputFiles({ name: "crm-export-20261101.csv", mimeType: "text/csv", buffer: bytes });
          await step("imports.step_mapping");
          await expect(page.getByRole("listitem").filter({ hasText: t("imports.step_mapping") })).toHaveAttribute("aria-current", "step");
        });

        await test.step("what its columns are", async () => {
          await expect(app.field("imports.encoding")).toHaveValue("gb18030");
          await expect(app.field("imports.delimiter")).toHaveValue("comma");
          await expect(app.field("imports.header")).toHaveValue("1");
          await expect(app.field("imports.source"), "a date is no system").toHaveValue("crm_export");
          await expect(page.getByText(new RegExp(`${wide(phones[0])}|${phones[0]}`))).toBeVisible();
          const column = (name) => page.getByLabel(t("imports.column_becomes", { column: name }), { exact: true });
          await column("客户编号").selectOption("");
          const missing = t("imports.need_external_id", { field: t("import_field.external_id") });
          await expect(page.getByText(missing)).toBeVisible();
          await expect(app.button("imports.start_dry_run")).toBeDisabled();
          for (const [n, field] of FIELDS.entries()) await column(HEADER[n]).selectOption(field);
          await expect(page.getByText(missing)).toHaveCount(0);

          // A field stands once only.
          await column("出生日期").selectOption("phone");
          await expect(page.getByText(t("imports.twice", { field: t("field.phone") })).first()).toBeVisible();
          await column("出生日期").selectOption("birth_date");

          const genders = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "性别", exact: true }) });
          await genders.locator("summary").click();
          await expect(page.getByLabel(t("imports.value_becomes", { value: "男" }), { exact: true }), "recognised").toHaveValue("male");

          await app.button("imports.add_fixed").click();
          await page.locator("#fixed-field-0").selectOption("kind");
          await page.locator("#fixed-value-0").selectOption("person");

          // Read in another way, the names are others; read as before, what was said of them is there again.
          await app.field("imports.delimiter").selectOption("semicolon");
          await expect(column("姓名")).toHaveCount(0);
          await app.field("imports.delimiter").selectOption("comma");
          for (const [n, field] of FIELDS.entries()) await expect(column(HEADER[n])).toHaveValue(field);
          await expect(page.locator("#fixed-value-0")).toHaveValue("person");

          // Back and on again, nothing is lost.
          await app.button("imports.back").click();
          await step("imports.step_file");
          await app.button("imports.next").click();
          await expect(column("手机号")).toHaveValue("phone");
          await app.button("imports.start_dry_run").click();
          await step("imports.step_dry_run");
        });

        await test.step("the dry run writes nothing", async () => {
          await expect(figure(page, t("job.would_create"))).toHaveText("3");
          await expect(figure(page, t("job.would_fail"))).toHaveText("2");
          await expect(page.locator(".records tbody tr")).toHaveCount(2);
          await expect(page.locator(".records td.is-wrong")).toHaveCount(2);
          await expect(app.button("problems.correct", { line: "4" }), "it is put right after the import").toHaveCount(0);
          expect(await found(api, names[0])).toEqual([]);
        });

        await test.step("the import", async () => {
          await app.button("imports.start", { count: "3" }).click();
          await step("imports.step_run");
          await expect(figure(page, t("job.created"))).toHaveText("3");
          await expect(figure(page, t("job.failed"))).toHaveText("2");
          await expect(page.getByRole("status").filter({ hasText: t("job_state.partially_succeeded") })).toBeVisible();
          expect(await found(api, names[0])).toHaveLength(1);
          expect(await found(api, names[2])).toEqual([]);
        });

        await test.step("what was not taken is downloaded", async () => {
          const waiting = page.waitForEvent("download");
          await app.button("problems.download").click();
          const file = await waiting;
          expect(file.suggestedFilename()).toBe("crm-export-20261101.problems.csv");
        });

        await test.step("and put right in its place", async () => {
          const cell = (line, column) => page.getByLabel(t("problems.cell", { line, column }), { exact: true });
          await app.button("problems.correct", { line: "4" }).click();
          await expect(cell(4, "手机号")).toBeFocused();
          await expect(cell(4, "手机号")).toHaveAttribute("aria-invalid", "true");
          await cell(4, "手机号").fill(phones[2]);
          await app.button("problems.correct", { line: "5" }).click();
          await cell(5, "出生日期").fill("1985-02-28");
          await app.button("problems.discard", { line: "5" }).click();
          await expect(app.button("problems.import", { count: "1" })).toBeVisible();
          await app.button("problems.correct", { line: "5" }).click();
          await cell(5, "出生日期").fill("1985-02-28");
          await app.button("problems.import", { count: "2" }).click();
          await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);
          await expect(figure(page, t("job.created"))).toHaveText("2");
          await expect(figure(page, t("job.failed"))).toHaveText("0");
        });

        await test.step("the customers are there", async () => {
          await app.go("/customers");
          await page.getByRole("textbox", { name: t("customers.search") }).fill(names[2]);
          await expect(page.getByRole("table").locator("tbody tr")).toHaveCount(1);
          const [third] = await found(api, names[2]);
          const customer = await api.get(`/customers/${third.id}`);
          expect(customer).toMatchObject({ gender: "female", birth_date: "1985-03-04", kind: "person" });
        });

        await test.step("and the jobs in their list", async () => {
          await app.go("/jobs");
          const rows = page.getByRole("table").locator("tbody tr").filter({ hasText: "crm-export-20261101" });
          await expect(rows.filter({ hasText: t("job.dry_run") }).first()).toBeVisible();
          await rows.first().getByRole("link").click();
          await expect(page.getByRole("heading", { level: 1 })).toContainText("crm-export-20261101");
          await expect(app.panel("job.mapping")).toContainText("手机号");
        });
      });

      test("is told what is wrong with a file", async ({ page, app, t, hygiene }) => {
        hygiene.expect(422, "/api/v1/uploads");
        await app.open("/imports/new");
        const files = page.locator("#import-file");
        await files.setInputFiles({ name: "empty.csv", mimeType: "text/csv", buffer: Buffer.alloc(0) });
        const alert = page.getByRole("alert").filter({ hasText: /\S/ });
        await expect(alert).toBeVisible();
        await files.setInputFiles({ name: "twice.csv", mimeType: "text/csv", buffer: Buffer.from("a,a\r\n1,2\r\n") });
        await expect(alert).toBeVisible();
        await expect(page.getByRole("heading", { level: 2, name: t("imports.step_file"), exact: true })).toBeVisible();
        await files.setInputFiles({ name: "right.csv", mimeType: "text/csv", buffer: Buffer.from("key,name\r\n1,2\r\n") });
        await expect(page.getByRole("heading", { level: 2, name: t("imports.step_mapping"), exact: true })).toBeVisible();
        await expect(alert).toHaveCount(0);
      });

      test("ends a job", async ({ page, app, api, t }) => {
        // Long enough to be met while it runs.
        const own = unique();
        const lines = Array.from({ length: 200_000 }, (_, n) => [`${own}-${n}`, `Person ${n}`]);
        const file = await upload(api, `many-${own}.csv`, csv([["key", "name"], ...lines]));
        const customer = ["external_id", "name"].map((field, n) => ({ field, from: ["{key}", "{name}"][n] }));
        const mapping = { source: "e2e", customer: [...customer, { field: "kind", from: "person" }] };
        const { id } = await api.create("/jobs/imports", { upload_id: file.id, mapping, dry_run: true });
        await app.open(`/jobs/${id}`);
        await app.button("job.cancel").click();
        const dialog = app.dialog("job.cancel_title");
        await expect(dialog).toContainText(t("job.cancel_dry_run"));
        await app.button("job.cancel", {}, dialog).click();
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("job_state.cancelled"));
        await expect(app.button("job.cancel")).toHaveCount(0);
        expect((await ended(api, id)).state).toBe("cancelled");
      });
    });

    test.describe("the auditor", () => {
      test.use({ who: "auditor" });

      test("sees the job and no values", async ({ page, app, t }) => {
        const head = await Api.as("outlet_head");
        const job = await imported(head);
        await app.open("/");
        await page.getByRole("link", { name: t("nav.jobs"), exact: true }).click();
        await expect(page.getByRole("link", { name: t("jobs.new"), exact: true })).toHaveCount(0);
        await page.getByRole("link", { name: job.title, exact: true }).click();
        await expect(page.getByText(t("problems.help_others"))).toBeVisible();
        await expect(page.locator(".records tbody tr")).toHaveCount(2);
        await expect(page.locator(".records")).not.toContainText("Person");
        await expect(app.button("problems.download")).toHaveCount(0);
        await expect(app.button("problems.correct", { line: "4" })).toHaveCount(0);
        await app.go("/imports/new");
        await expect(page.getByRole("heading", { name: t("missing.title") }).first()).toBeVisible();
      });
    });

    test("a relationship manager imports nothing", async ({ page, app, t }) => {
      await app.open("/jobs");
      await expect(page.getByRole("heading", { name: t("jobs.title") }).first()).toBeVisible();
      await expect(page.getByRole("link", { name: t("jobs.new"), exact: true })).toHaveCount(0);
      await app.go("/imports/new");
      await expect(page.getByRole("heading", { name: t("missing.title") }).first()).toBeVisible();
    });
  });
}

test.describe("by keyboard alone", () => {
  test.use({ who: "branch_manager", language: "en" });
  test.describe.configure({ timeout: 120_000 });

  test("twenty records, two of them put right", async ({ page, app, t }) => {
    const own = unique();
    const lines = Array.from({ length: 20 }, (_, n) => {
      const wrong = n === 1 || n === 18;
      return [`${own}-${n}`, "person", `Person ${own} ${n}`, wrong ? "12" : phone()];
    });
    const bytes = Buffer.from(csv([["external_id", "kind", "name", "phone"], ...lines]));
    const keys = new Keyboard(page);
    await app.open("/imports/new");
    await keys.to(page.locator("#import-file"));
    const asked = page.waitForEvent("filechooser");
    await page.keyboard.press("Space");
    await (await asked).setFiles({ name: "keys.csv", mimeType: "text/csv", buffer: bytes });
    await expect(page.locator("#import-step"), "a step begins at its heading").toBeFocused();

    await keys.to(app.button("imports.start_dry_run"));
    await keys.press("Enter");
    await expect(page.locator("#import-step")).toHaveText(t("imports.step_dry_run"));
    const start = app.button("imports.start", { count: "18" });
    await expect(start).toBeVisible();
    await keys.to(start);
    await keys.press("Enter");
    await expect(page.locator("#import-step")).toHaveText(t("imports.step_run"));

    for (const line of ["3", "20"]) {
      await keys.to(app.button("problems.correct", { line }));
      await keys.press("Enter");
      const cell = page.getByLabel(t("problems.cell", { line, column: "phone" }), { exact: true });
      await expect(cell).toBeFocused();
      await page.keyboard.press("Control+a");
      await keys.type(phone());
    }
    await keys.to(app.button("problems.import", { count: "2" }));
    await keys.press("Enter");
    await expect(page.getByRole("heading", { level: 1 })).toContainText(t("job_state.succeeded"));
  });
});
