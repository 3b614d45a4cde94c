// The list of the day: every reason stands there in words, and every line is worked in its place, by mouse and by keys alone.
import { randomUUID } from "node:crypto";

import { Api } from "../support/api.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";
import { unavailable } from "../support/problems.mjs";

/** A day so many days from today, in the bank's zone. */
function day(days) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(Date.now() + days * 86_400_000);
}

/** The line of a customer or a task. */
const lineOf = (page, text) => page.locator(".today__line").filter({ hasText: text });

async function holding(api, customer, more) {
  const products = await api.get(`/products?filter=${encodeURIComponent('kind eq "deposit"')}`);
  const product = products.data[0];
  await api.create(`/customers/${customer.id}/holdings`, {
    product_id: product.id,
    amount: "120000.00",
    opened_on: day(-30),
    ...more,
  });
  return product;
}

/** A survey with one question, open, and the low answer of a customer. */
async function lowAnswer(customer) {
  const head = await Api.as("outlet_head");
  const title = { "zh-CN": "服务回访", en: "Service call" };
  const questionnaire = await head.create("/questionnaires", {
    title,
    questions: [{ key: "overall", kind: "csat", required: true, dimension: "overall", text: { "zh-CN": "您满意吗？", en: "Are you satisfied?" } }],
  });
  await head.change(`/questionnaires/${questionnaire.id}`, undefined, "POST", "/publish");
  const name = `回访 ${randomUUID().slice(-6)}`;
  const survey = await head.create("/surveys", {
    name,
    questionnaire_id: questionnaire.id,
    closes_at: new Date(Date.now() + 7 * 86_400_000).toISOString().replace(/Z$/, "000Z"),
  });
  await head.change(`/surveys/${survey.id}`, undefined, "POST", "/open");
  await head.create(`/surveys/${survey.id}/answers`, { customer_id: customer.id, answers: [{ question: "overall", score: 1 }] });
  return name;
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 180_000 });

    test("every reason in words, worked by mouse", async ({ page, app, api, t }) => {
      const born = day(1).replace(/^\d+/, (year) => year - 60);
      const customer = await api.newPerson({ birth_date: born });
      const other = await api.newPerson();
      const product = await holding(api, other, { matures_on: day(3) });
      const survey = await lowAnswer(customer);
      const title = `送合同${customer.customer_no}`;
      await api.create("/tasks", { title, due_on: day(0), customer_id: customer.id });
      const own = `整理资料${randomUUID().slice(-6)}`;
      await api.create("/tasks", { title: own, due_on: day(0) });

      await app.open("/");
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("today.title"));
      await look(page, language, "today");

      await test.step("low score, task, maturity, birthday", async () => {
        const low = lineOf(page, t("today.low_score", { survey }));
        await expect(low).toContainText(customer.name);
        await expect(low).toContainText(customer.contact_points[0].value);
        await expect(page.locator(".today__line").first(), "what presses most stands first").toContainText(t("today.low_score", { survey: "" }).trim());
        await expect(lineOf(page, title)).toHaveCount(1);
        await expect(lineOf(page, own)).toHaveCount(1);
        const when = (days) => new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day");
        const name = language === "en" ? product.name.en : product.name["zh-CN"];
        await expect(lineOf(page, other.name)).toContainText(t("today.maturity", { product: name, when: when(3) }));
        await expect(lineOf(page, t("today.birthday_age", { when: when(1), age: 60 })).filter({ hasText: customer.name })).toHaveCount(1);
      });

      await test.step("narrowed by a reason, which stands in the address", async () => {
        const nav = page.getByRole("navigation", { name: t("today.narrow") });
        await nav.getByRole("link", { name: t("today_reason.maturity") }).click();
        await expect(page).toHaveURL(/reason=maturity/);
        await expect(lineOf(page, title)).toHaveCount(0);
        await expect(lineOf(page, other.name)).toHaveCount(1);
        const count = Number((await nav.getByRole("link", { name: t("today_reason.maturity") }).textContent()).replace(/\D/g, ""));
        await expect(page.locator(".today__line")).toHaveCount(count);
        await nav.getByRole("link", { name: t("today.all"), exact: false }).first().click();
        await expect(page).not.toHaveURL(/reason=/);
      });

      await test.step("done, and taken back", async () => {
        await app.button("tasks.complete", {}, lineOf(page, title)).click();
        await expect(lineOf(page, title)).toHaveCount(0);
        await app.toast(t("tasks.done")).getByRole("button", { name: t("common.undo") }).click();
        await expect(lineOf(page, title)).toHaveCount(1);
        const birthday = lineOf(page, t("today_reason.birthday")).filter({ hasText: customer.name });
        await app.button("tasks.complete", {}, birthday).click();
        await expect(birthday).toHaveCount(0);
        await expect(app.toast(t("tasks.done")).last()).toBeVisible();
        const done = (await api.get(`/customers/${customer.id}/tasks?filter=${encodeURIComponent('status eq "done"')}`)).data;
        expect(done.map((task) => task.source)).toContain("birthday");
      });

      await test.step("put off for a reason, and taken back", async () => {
        const maturity = lineOf(page, other.name);
        await maturity.getByRole("button", { name: new RegExp(other.name) }).click();
        await app.menuItem("tasks.postpone").click();
        const dialog = page.getByRole("dialog");
        await expect(dialog).toContainText(other.name);
        await look(page, language, "today-postpone");
        await dialog.getByRole("radio", { name: t("tasks.three_days") }).check();
        await app.button("tasks.reason_asked", {}, dialog).click();
        await app.button("tasks.postpone_action", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await expect(maturity).toHaveCount(0);
        const [task] = (await api.get(`/customers/${other.id}/tasks`)).data;
        expect(task).toMatchObject({ due_on: day(3), source: "maturity", status: "open" });
        await app.toast(t("tasks.postponed", { day: day(3) })).getByRole("button", { name: t("common.undo") }).click();
        await expect(maturity).toHaveCount(1);
      });

      await test.step("a contact logged in its place knows what it is about", async () => {
        await app.button("log.action", {}, lineOf(page, other.name)).click();
        const dialog = app.dialog("log.title", { name: other.name });
        await expect(app.field("field.purpose", dialog)).toHaveValue("maturity");
        // A message lies over the foot of the form.
        await expect(page.locator(".toast")).toHaveCount(0, { timeout: 15_000 });
        await look(page, language, "today-log");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await expect(app.toast(t("log.saved"))).toBeVisible();
        const [contact] = (await api.get(`/customers/${other.id}/interactions`)).data;
        expect(contact).toMatchObject({ purpose: "maturity", outcome: "reached" });
        await app.button("tasks.complete", {}, lineOf(page, other.name)).click();
        await expect(lineOf(page, other.name)).toHaveCount(0);
      });

      await test.step("handed over", async () => {
        const line = lineOf(page, title);
        await line.getByRole("button", { name: new RegExp(title) }).click();
        await app.menuItem("tasks.hand_over").click();
        const dialog = app.dialog("tasks.hand_over_title", { title });
        await expect(app.field("field.assignee", dialog).getByRole("option")).not.toHaveCount(1);
        await app.field("field.assignee", dialog).selectOption({ index: 1 });
        await app.button("tasks.hand_over_action", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await expect(line).toHaveCount(0);
      });
    });

    test("by keys alone: log, done and undo, postpone, open", async ({ page, app, api, t }) => {
      const keys = new Keyboard(page);
      const customer = await api.newPerson();
      const words = ["甲", "乙"].map((word) => `${word}${customer.customer_no}`);
      for (const title of words) await api.create("/tasks", { title, due_on: day(0), customer_id: customer.id, priority: "high" });
      await app.open("/");
      const link = (title) => lineOf(page, title).getByRole("link");

      await keys.to(page.locator(".today__link").first());
      const rows = await page.locator(".today__link").count();
      await keys.press("ArrowDown");
      await expect(page.locator(".today__link").nth(1)).toBeFocused();
      await keys.press("k");
      await expect(page.locator(".today__link").first()).toBeFocused();
      for (let n = 0; n < rows && !(await link(words[0]).evaluate((e) => e === document.activeElement)); n += 1) await keys.press("j");
      await expect(link(words[0])).toBeFocused();

      await keys.press("l");
      const log = app.dialog("log.title", { name: customer.name });
      await expect(app.field("log.notes", log)).toBeFocused();
      await keys.type("只用键盘 d p l");
      await expect(app.field("log.notes", log), "letters belong to the field").toHaveValue("只用键盘 d p l");
      await keys.to(app.button("common.save", {}, log));
      await keys.press("Enter");
      await expect(log).toHaveCount(0);
      await expect(link(words[0]), "the focus comes back to the line").toBeFocused();

      await keys.press("d");
      await expect(lineOf(page, words[0])).toHaveCount(0);
      await expect.poll(() => page.evaluate(() => document.activeElement?.className ?? ""), "the focus goes on").toContain("today__link");
      await expect(app.toast(t("tasks.done"))).toBeVisible();
      await keys.press("u");
      await expect(app.toast(t("today.taken_back"))).toBeVisible();
      await expect(lineOf(page, words[0])).toHaveCount(1);

      await keys.to(link(words[1]), "Tab", 200);
      await keys.press("p");
      const dialog = app.dialog("tasks.postpone_title", { title: words[1] });
      await expect(app.field("tasks.reason", dialog)).toBeFocused();
      await keys.type("客户出差");
      await keys.press("Enter");
      await expect(dialog).toHaveCount(0);
      await expect(lineOf(page, words[1])).toHaveCount(0);
      const tasks = (await api.get(`/customers/${customer.id}/tasks`)).data;
      expect(tasks.find((task) => task.title === words[1]).due_on).toBe(day(1));

      const focused = () => link(words[0]).evaluate((element) => element === document.activeElement);
      for (let n = 0; n < rows && !(await focused()); n += 1) await keys.press("k");
      await expect(link(words[0])).toBeFocused();
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
      await page.goBack();
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("today.title"));
    });

    test("who wants no contact is marked, and gets none", async ({ page, app, api, t }) => {
      const customer = await api.newPerson({ do_not_contact: { all: true } });
      const title = `存档${customer.customer_no}`;
      await api.create("/tasks", { title, due_on: day(0), customer_id: customer.id });
      await app.open("/?reason=task_due");
      const line = lineOf(page, title);
      await expect(line).toContainText(t("today.do_not_contact"));
      await expect(app.button("log.action", {}, line)).toHaveCount(0);
      await line.getByRole("link").focus();
      await page.keyboard.press("l");
      await expect(app.toast(t("today.refuses"))).toBeVisible();
      await expect(page.getByRole("dialog")).toHaveCount(0);
      await look(page, language, "today-refuses");
    });

    test("nothing left, and a list that cannot be loaded", async ({ page, app, t, hygiene }) => {
      const counts = ["low_score", "task_due", "maturity", "birthday", "contact_due"].map((reason) => ({ reason, lines: 0, more: false }));
      await page.route(/\/api\/v1\/today$/, (route) => route.fulfill({ json: { day: day(0), lines: [], counts } }));
      await app.open("/");
      await expect(page.getByRole("heading", { name: t("today.none") })).toBeVisible();
      await look(page, language, "today-none");
      await app.go("/?reason=birthday");
      await expect(page.getByRole("heading", { name: t("today.none_of_these") })).toBeVisible();
      await app.button("today.show_all").click();
      await expect(page.getByRole("heading", { name: t("today.none") })).toBeVisible();

      await page.unroute(/\/api\/v1\/today$/);
      hygiene.expect(503, "/api/v1/today");
      await page.route(/\/api\/v1\/today$/, (route) =>
        route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }),
      );
      await page.goto("/");
      await expect(page.getByRole("heading", { name: t("today.failed") })).toBeVisible();
      await look(page, language, "today-error");
      await page.unroute(/\/api\/v1\/today$/);
      await app.button("common.retry").click();
      await expect(page.getByRole("navigation", { name: t("today.narrow") })).toBeVisible();
    });
  });
}

test("a line that somebody has worked meanwhile is gone, not broken", async ({ page, app, api, t, hygiene }) => {
  hygiene.expect(404, "/api/v1/today/");
  const customer = await api.newPerson({ birth_date: day(2).replace(/^\d+/, (year) => year - 40) });
  await app.open("/?reason=birthday");
  const line = lineOf(page, customer.name);
  await expect(line).toHaveCount(1);
  const id = await line.getAttribute("data-line");
  await api.create(`/today/${id}/complete`, {});
  await app.button("tasks.complete", {}, line).click();
  await expect(app.toast(t("today.gone"))).toBeVisible();
  await expect(line).toHaveCount(0);
});

test.describe("the administrator", () => {
  test.use({ who: "admin" });

  test("has no list of the day and begins with the customers", async ({ page, app, t }) => {
    await page.goto("/");
    await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
    await expect(page.getByRole("link", { name: t("nav.today"), exact: true })).toHaveCount(0);
    expect(app).toBeTruthy();
  });
});
