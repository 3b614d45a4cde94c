// From a file to customers: the four steps, the records that were not taken, put right in their place, and the list of jobs.
import { randomInt } from "node:crypto";

import { Api } from "../support/api.mjs";
import { csv, ended, gb18030, imported, unique, upload, wide } from "../support/imports.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { day, workbook } from "../support/workbook.mjs";
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

/** A product that nobody else of the tests has. */
async function newProduct() {
  const admin = await Api.as("admin");
  const code = `e2e_${unique()}`;
  await admin.create("/products", { code, kind: "deposit", name: { "zh-CN": `存款 ${code}`, en: `Deposit ${code}` }, currency: "CNY" });
  return code;
}

/** A survey with one question, the key of which is `service`. */
async function openSurvey(api) {
  const own = unique();
  const text = (words) => ({ "zh-CN": words, en: words });
  const questions = [{ key: "service", kind: "csat", required: true, text: text(`服务 ${own}`) }];
  const { id } = await api.create("/questionnaires", { title: text(`回访 ${own}`), questions });
  await api.change(`/questionnaires/${id}`, undefined, "POST", "/publish");
  const name = `Survey ${own}`;
  const made = await api.create("/surveys", { name, questionnaire_id: id, closes_at: "2100-01-01T00:00:00.000000Z" });
  return api.change(`/surveys/${made.id}`, undefined, "POST", "/open");
}

/** Four customers as people keep them: below a title, with a gap, and summed up at the end. */
function awkward() {
  const own = unique();
  const names = ["甲", "乙", "丙", "丁"].map((letter) => `表格${letter}${own}`);
  const phones = names.map(phone);
  const line = (n, more) => [`${own}-${n + 1}`, names[n], ...more];
  const rows = [
    [`城东网点客户清单（${own}）`],
    ["客户编号", "姓名", "手机号", "出生日期", "账号", "余额", "起息日", "联系结果", "评分"],
    line(0, [wide(phones[0]), day("1980-01-02"), "6222000011112222", "1,234.50", day("2020-03-01"), "成功", 5]),
    line(1, [phones[1], day("1990-05-06"), "6222000033334444", "１２３", day("2021-04-02"), "没成", 2]),
    [],
    line(2, [wide(phones[2]), day("1985-03-04"), "6222000055556666", "待核", day("2022-05-03"), null, null]),
    line(3, [phones[3], day("1979-12-31"), "6222000077778888", 50000.25, day("2023-06-04"), null, null]),
    ["合计", null, null, null, null, "60,357.75", null, null, null],
  ];
  return { names, phones, bytes: workbook(rows, ["A1:I1"]) };
}

/** A figure of a job by its words. */
const figure = (page, words) => page.locator(".stat").filter({ has: page.getByText(words, { exact: true }) }).locator("dd");

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 150_000 });

    test.describe("the head of an outlet", () => {
      test.use({ who: "outlet_head" });

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

      test("a file brings households and relations", async ({ page, app, api, t }) => {
        const own = unique();
        const names = ["甲", "乙", "丙"].map((letter) => `家人${letter}${own}`);
        const text = csv([
          ["客户编号", "姓名", "家庭号", "家庭角色", "主要成员", "配偶客户号", "自"],
          [`${own}-1`, names[0], own, "配偶", "", `${own}-2`, "2012-05-20"],
          [`${own}-2`, names[1], own, "户主", "是", `${own}-1`, ""],
          [`${own}-3`, names[2], own, "子女", "否", `${own}-9`, ""],
        ]);
        const one = (target) => page.getByRole("group", { name: t("import_records.one", { kind: t(`import_target.${target}`), number: 1 }), exact: true });

        await test.step("what it brings is said", async () => {
          await app.open("/imports/new");
          await page.locator("#import-file").setInputFiles({ name: "families.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
          await expect(page.locator("#import-step")).toHaveText(t("imports.step_mapping"));
          await app.button("imports.add_fixed").click();
          await page.locator("#fixed-field-0").selectOption("kind");
          await page.locator("#fixed-value-0").selectOption("person");
          await app.button("import_records.add_household").click();
          const household = one("household");
          await expect(app.field("import_records.household_key", household), "one goes on there").toBeFocused();
          const missing = page.getByText(t("import_records.fill", { record: t("import_records.one", { kind: t("import_target.household"), number: 1 }), field: t("record_field.member_role") }), { exact: true });
          await expect(missing).toBeVisible();
          await app.field("import_records.household_key", household).fill("{家庭号}");
          await app.field("record_field.member_role", household).selectOption("{家庭角色}");
          await app.field("record_field.primary", household).selectOption("{主要成员}");
          await expect(missing).toHaveCount(0);
          await app.button("import_records.add_relation").click();
          const relation = one("relation");
          await app.field("import_records.key", relation).fill("配偶");
          await app.field("record_field.other_external_id", relation).fill("{配偶客户号}");
          await app.field("relations.role", relation).selectOption("spouse");
          await app.field("relations.since", relation).fill("{自}");
          await look(page, language, "import-ties");
        });

        await test.step("what cannot be is told, and put right", async () => {
          await app.button("imports.start_dry_run").click();
          await expect(figure(page, t("job.would_create"))).toHaveText("2");
          await expect(figure(page, t("job.would_fail"))).toHaveText("1");
          await app.button("imports.start", { count: "2" }).click();
          await expect(figure(page, t("job.created"))).toHaveText("2");
          await app.button("problems.correct", { line: "4" }).click();
          const cell = page.getByLabel(t("problems.cell", { line: 4, column: "配偶客户号" }), { exact: true });
          await expect(cell).toHaveAttribute("aria-invalid", "true");
          await cell.fill("");
          await app.button("problems.import", { count: "1" }).click();
          await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);
          await expect(figure(page, t("job.created"))).toHaveText("1");
        });

        await test.step("the household stands on the page of each member", async () => {
          const [{ id }] = await found(api, names[2]);
          await app.go(`/customers/${id}?tab=relations`);
          const household = app.panel("household.title");
          await expect(household.getByRole("heading", { level: 3 })).toHaveText(new RegExp(names[1]));
          for (const name of names) await expect(household.getByRole("listitem").filter({ hasText: name })).toHaveCount(1);
          await expect(household.getByRole("listitem").filter({ hasText: names[1] })).toContainText(t("household_role.head"));
          await look(page, language, "imported-household");
          const [first] = await found(api, names[0]);
          await app.go(`/customers/${first.id}?tab=relations`);
          const relations = app.panel("relations.title").getByRole("listitem");
          await expect(relations).toHaveCount(1);
          await expect(relations).toContainText(names[1]);
          await expect(relations).toContainText(t("relation_role.spouse"));
        });
      });

      test("an awkward workbook goes through", async ({ page, app, api, t, hygiene }) => {
        const { names, phones, bytes } = awkward();
        const [product, survey] = [await newProduct(), await openSurvey(api)];
        const one = (target, number = 1) => page.getByRole("group", { name: t("import_records.one", { kind: t(`import_target.${target}`), number }), exact: true });
        const column = (name) => page.getByLabel(t("imports.column_becomes", { column: name }), { exact: true });

        await test.step("is read", async () => {
          await app.open("/imports/new");
          const type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
          await page.locator("#import-file").setInputFiles({ name: "customers-20261101.xlsx", mimeType: type, buffer: bytes });
          await expect(page.locator("#import-step")).toHaveText(t("imports.step_mapping"));
          await expect(app.field("imports.header"), "the title names no columns").toHaveValue("2");
          for (const [n, field] of FIELDS.entries()) {
            if (HEADER[n] !== "性别") await expect(column(HEADER[n])).toHaveValue(field);
          }
          await app.button("imports.add_fixed").click();
          await page.locator("#fixed-field-0").selectOption("kind");
          await page.locator("#fixed-value-0").selectOption("person");
        });

        await test.step("brings a holding", async () => {
          await app.button("import_records.add_holding").click();
          const holding = one("holding");
          await expect(app.field("import_records.key", holding), "one goes on there").toBeFocused();
          const missing = (field) => page.getByText(t("import_records.fill", { record: t("import_records.one", { kind: t("import_target.holding"), number: 1 }), field: t(field) }), { exact: true });
          await expect(missing("product.code")).toBeVisible();
          await expect(app.button("imports.start_dry_run")).toBeDisabled();
          await expect(holding.locator("[aria-invalid]"), "nobody is blamed before having been there").toHaveCount(0);
          await app.field("import_records.key", holding).fill("{账号}");
          await app.field("product.code", holding).fill(product);
          await app.field("holding.opened_on", holding).fill("{起息日}");
          await app.field("holding.amount", holding).fill("{余额}");
          await app.field("holding.reference", holding).fill("{账号}");
          await app.field("field.status", holding).selectOption("active");
          await expect(missing("product.code")).toHaveCount(0);
        });

        await test.step("and a contact, and an answer", async () => {
          await app.button("import_records.add_interaction").click();
          const contact = one("interaction");
          await app.field("import_records.key", contact).fill("2026");
          await app.field("import_records.when", contact).fill('"联系结果" ne null');
          await app.field("field.contact_kind", contact).selectOption("call");
          await app.field("field.day", contact).fill("2026-01-05");
          await app.field("field.outcome", contact).selectOption("{联系结果}");
          await contact.getByLabel(t("imports.value_becomes", { value: "成功" }), { exact: true }).selectOption("sold");
          await contact.getByLabel(t("imports.value_becomes", { value: "没成" }), { exact: true }).selectOption("declined");

          await app.button("import_records.add_answer").click();
          const answer = one("survey_answer");
          await app.field("import_records.key", answer).fill("2026");
          await app.field("record_field.survey_name", answer).fill(survey.name);
          await app.field("record_field.answered_on", answer).fill("2026-01-06");
          const question = app.field("import_records.question", answer);
          await expect(answer.locator("datalist option"), "the questions of the survey are known").toHaveAttribute("value", "service");
          await question.fill("service");
          await app.field("record_field.answer", answer).fill("{评分}");
        });

        await test.step("what was entered survives another way to read the file", async () => {
          await app.field("imports.header").selectOption("3");
          await expect(column("姓名")).toHaveCount(0);
          await app.field("imports.header").selectOption("2");
          await expect(column("姓名")).toHaveValue("name");
          await app.button("imports.back").click();
          await app.button("imports.next").click();
          await expect(app.field("holding.amount", one("holding"))).toHaveValue("{余额}");
          await expect(app.field("field.outcome", one("interaction"))).toHaveValue("{联系结果}");
          await expect(one("interaction").getByLabel(t("imports.value_becomes", { value: "没成" }), { exact: true })).toHaveValue("declined");
        });

        await test.step("what the server finds wrong stands at its place", async () => {
          hygiene.expect(422, "/api/v1/jobs/imports");
          const amount = app.field("holding.amount", one("holding"));
          const when = app.field("import_records.when", one("interaction"));
          await amount.fill("{金额}");
          await when.fill("联系结果 ne null");
          await app.button("imports.start_dry_run").click();
          await expect(amount).toHaveAttribute("aria-invalid", "true");
          await expect(when).toHaveAttribute("aria-invalid", "true");
          await amount.fill("{余额}");
          await when.fill('"联系结果" ne null');
          await expect(amount).not.toHaveAttribute("aria-invalid", "true");
        });

        await test.step("is tried and imported", async () => {
          await app.button("imports.start_dry_run").click();
          await expect(figure(page, t("job.would_create"))).toHaveText("3");
          await expect(figure(page, t("job.would_fail"))).toHaveText("2");
          await app.button("imports.start", { count: "3" }).click();
          await expect(figure(page, t("job.created"))).toHaveText("3");
          await expect(figure(page, t("job.failed"))).toHaveText("2");
          // The sum below the table is no customer.
          const sum = page.locator(".records tbody tr").filter({ hasText: "合计" });
          await expect(sum.locator("th")).toHaveText("8");
          await expect(sum.locator("td.is-wrong").first()).toBeVisible();
        });

        await test.step("a wrong cell is put right", async () => {
          await app.button("problems.correct", { line: "6" }).click();
          const cell = page.getByLabel(t("problems.cell", { line: 6, column: "余额" }), { exact: true });
          await expect(cell).toBeFocused();
          await expect(cell).toHaveAttribute("aria-invalid", "true");
          await cell.fill("９,000");
          await app.button("problems.import", { count: "1" }).click();
          await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);
          await expect(figure(page, t("job.created"))).toHaveText("1");
          await expect(figure(page, t("job.failed"))).toHaveText("0");
          const told = app.panel("job.mapping");
          await expect(told.getByRole("row", { name: `余额 ${t("holding.amount")}` })).toBeVisible();
          await expect(told.getByRole("row", { name: `联系结果 ${t("field.outcome")}` })).toContainText(t("interaction_outcome.declined"));
        });

        await test.step("everything is there", async () => {
          const expected = [
            ["1980-01-02", "1234.5000", "2020-03-01"],
            ["1990-05-06", "123.0000", "2021-04-02"],
            ["1985-03-04", "9000.0000", "2022-05-03"],
            ["1979-12-31", "50000.2500", "2023-06-04"],
          ];
          const outcomes = [];
          for (const [n, name] of names.entries()) {
            const [{ id }] = await found(api, name);
            expect(await found(api, phones[n]), "by a phone in usual digits").toHaveLength(1);
            const customer = await api.get(`/customers/${id}`);
            const { data: held } = await api.get(`/customers/${id}/holdings`);
            expect(held).toHaveLength(1);
            expect([customer.birth_date, held[0].amount, held[0].opened_on]).toEqual(expected[n]);
            expect(held[0].product.code).toBe(product);
            const { data: contacts } = await api.get(`/customers/${id}/interactions`);
            outcomes.push(...contacts.map((contact) => contact.outcome));
          }
          expect(outcomes).toEqual(["sold", "declined"]);
          const { data: answers } = await api.get(`/surveys/${survey.id}/answers`);
          expect(answers.map((answer) => answer.answers[0].score).sort()).toEqual([2, 5]);
        });
      });

      test("keeps a mapping, uses it for the next file, and decides about customers who are there", async ({ page, app, api, t }) => {
        const own = unique();
        const number = phone();
        const there = await api.create("/customers", { kind: "person", name: `旧客户${own}`, contact_points: [{ kind: "phone", value: number }] });
        const header = ["编号", "姓名", "电话", `栏${own}`];
        const file = (n, name) => csv([header, [`${own}-${n}a`, name, number, ""], [`${own}-${n}b`, `新客户${own}${n}`, phone(), ""]]);
        const send = (n, name) => page.locator("#import-file").setInputFiles({ name: "crm.csv", mimeType: "text/csv", buffer: Buffer.from(file(n, name)) });
        const kept = `月报 ${own}`;
        const column = (name) => page.getByLabel(t("imports.column_becomes", { column: name }), { exact: true });
        const panel = app.panel("saved_mappings.title");

        await test.step("what was put together is kept", async () => {
          await app.open("/imports/new");
          await send(1, `旧客户${own}`);
          await column("编号").selectOption("external_id");
          await column("姓名").selectOption("name");
          await column("电话").selectOption("phone");
          await app.button("imports.add_fixed").click();
          await page.locator("#fixed-field-0").selectOption("kind");
          await page.locator("#fixed-value-0").selectOption("person");
          await app.button("saved_mappings.save_as").click();
          const dialog = app.dialog("saved_mappings.save_title");
          await dialog.locator("#saved-mapping-name").fill(kept);
          await look(page, language, "import-save-mapping");
          await app.button("common.save", {}, dialog).click();
          await expect(dialog).toHaveCount(0);
          await expect(panel.getByText(t("saved_mappings.in_use", { name: kept }))).toBeVisible();
        });

        await test.step("and fits the next file", async () => {
          await app.open("/imports/new");
          await send(2, `旧 客户${own}`);
          await expect(panel.getByText(t("saved_mappings.same", { name: kept }))).toBeVisible();
          await column("姓名").selectOption("");
          await look(page, language, "import-saved-mapping");
          await app.button("saved_mappings.use").click();
          await expect(column("姓名")).toHaveValue("name");
          await expect(page.locator("#fixed-value-0")).toHaveValue("person");
          await app.button("saved_mappings.update").click();
          await expect(page.getByText(t("saved_mappings.updated"))).toBeVisible();
        });

        await test.step("a customer who is there is found by the dry run", async () => {
          await app.button("imports.start_dry_run").click();
          await expect(figure(page, t("job.duplicates"))).toHaveText("1");
          const list = app.panel("duplicates.title");
          await expect(list.getByRole("link", { name: there.customer_no })).toBeVisible();
          await expect(list.getByText("旧*****")).toBeVisible();
          await look(page, language, "import-duplicates");
          await expect(app.button("imports.start", { count: "2" })).toBeVisible();
          await page.locator("#duplicate-2").selectOption("skip");
          await expect(app.button("imports.start", { count: "1" })).toBeVisible();
          await page.locator("#duplicate-2").selectOption("merge");
          await app.button("imports.start", { count: "2" }).click();
          await expect(figure(page, t("job.created"))).toHaveText("1");
          await expect(figure(page, t("job.merged"))).toHaveText("1");
          expect((await api.get(`/customers/${there.id}`)).name).toBe(`旧 客户${own}`);
          expect(await found(api, number)).toHaveLength(1);
        });

        await test.step("the mapping goes", async () => {
          await app.open("/imports/new");
          await send(3, `旧客户${own}`);
          await app.button("saved_mappings.remove").click();
          const dialog = app.dialog("saved_mappings.remove_title", { name: kept });
          await app.button("saved_mappings.remove", {}, dialog).click();
          await expect(dialog).toHaveCount(0);
          await expect(panel.locator("option", { hasText: kept })).toHaveCount(0);
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

    test.describe("a deputy manager", () => {
      test.use({ who: "deputy_manager" });

      test("takes an import back", async ({ page, app, api, t }) => {
        const job = await imported(api, { right: 3, wrong: 0 });
        const own = job.title.match(/-(.*)\.csv$/)[1];
        const names = [0, 1, 2].map((n) => `Person ${own} n${n}`);
        const [{ id }] = await found(api, names[1]);
        await api.change(`/customers/${id}`, { city: "Suzhou" });

        await app.open(`/jobs/${job.id}`);
        await app.button("job.undo").click();
        const dialog = app.dialog("job.undo_title");
        await expect(dialog).toContainText(t("job.undo_text"));
        await look(page, language, "import-undo");
        await app.button("common.cancel", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await app.button("job.undo").click();
        await app.button("job.undo", {}, dialog).click();
        await expect(page.getByText(t("job.help_undo"))).toBeVisible();
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("job_state.partially_succeeded"));
        await expect(figure(page, t("job.taken_back"))).toHaveText("2");
        await expect(figure(page, t("job.left"))).toHaveText("1");
        await expect(page.locator(".records tbody tr")).toHaveCount(1);
        await expect(page.locator(".records tbody tr")).toContainText("3");
        await look(page, language, "import-undone");

        await page.getByRole("link", { name: t("job.undoes"), exact: true }).click();
        await expect(page.getByRole("link", { name: t("job.undone_by"), exact: true })).toBeVisible();
        await expect(app.button("job.undo")).toHaveCount(0);
        expect((await found(api, names[0])).length).toBe(0);
        expect((await found(api, names[1])).length).toBe(1);
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
      return [`${own}-${n}`, "person", `Person ${own} n${n}`, wrong ? "12" : phone()];
    });
    const bytes = Buffer.from(csv([["external_id", "kind", "name", "phone"], ...lines]));
    const keys = new Keyboard(page);
    await app.open("/imports/new");
    // A browser on a busy machine may swallow the first press.
    await expect(async () => {
      await keys.to(page.locator("#import-file"));
      const asked = page.waitForEvent("filechooser", { timeout: 5_000 });
      await page.keyboard.press("Space");
      await (await asked).setFiles({ name: "keys.csv", mimeType: "text/csv", buffer: bytes });
    }).toPass({ timeout: 30_000 });
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
