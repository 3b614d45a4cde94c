// Coming back, leaving, and what has the focus meanwhile: nothing of what somebody has reached or typed is lost on the way.
import { day } from "../support/dates.mjs";
import { expect, test } from "../support/test.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");

/** Whether something other than the page as a whole has the focus. */
const focused = (page) => page.evaluate(() => document.activeElement !== null && document.activeElement !== document.body);

test.describe("a long list", () => {
  test.use({ who: "branch_manager" });

  test("is found again at the page and the line it was left at", async ({ page, app, t }) => {
    await app.open("/customers?sort=customer_no");
    const pages = page.getByRole("navigation", { name: t("table.pages") });
    await app.button("table.next").click();
    await expect(pages).toContainText("51–100");
    await expect(page.getByRole("table")).not.toHaveClass(/stale/);
    const box = page.locator(".page--fill .table-box");
    const place = () => box.evaluate((element) => element.scrollTop);
    await box.evaluate((element) => element.scrollTo(0, 600));
    await expect.poll(place).toBe(600);
    const link = rows(page).nth(20).getByRole("link").first();
    const name = await link.textContent();
    await link.scrollIntoViewIfNeeded();
    const left = await place();
    expect(left).toBeGreaterThan(0);
    // The page hears of it with the next frame.
    await page.waitForTimeout(200);
    await link.click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText(name);

    await page.goBack();
    await expect(pages).toContainText("51–100");
    await expect(rows(page).nth(20)).toContainText(name);
    await expect.poll(place).toBe(left);
    await app.button("table.back").click();
    await expect(pages).toContainText("1–50");
  });
});

test.describe("contacts of months", () => {
  test.use({ who: "branch_manager" });

  test("are there again as far down as they were read", async ({ page, app, t }) => {
    await app.open("/interactions");
    const lines = page.locator(".timeline > li");
    const more = app.button("contacts.more");
    await expect(more).toBeVisible();
    const first = await lines.count();
    await more.click();
    await expect.poll(() => lines.count()).toBeGreaterThan(first);
    const all = await lines.count();
    const link = lines.last().getByRole("link").first();
    const name = await link.textContent();
    await link.click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText(name);
    await page.goBack();
    await expect(lines).toHaveCount(all);
    await expect(lines.last()).toContainText(name);
  });
});

test("what was looked for is found again, and a new visit begins anew", async ({ page, app, t, api }) => {
  const customer = await api.newPerson();
  await app.open("/customers");
  const search = page.getByRole("textbox", { name: t("customers.search") });
  const found = page.getByRole("table").getByRole("link", { name: customer.name, exact: true });
  await search.fill(customer.pinyin);
  await expect(found).toBeVisible();
  await expect(page.getByRole("table")).not.toHaveClass(/stale/);
  const count = await rows(page).count();
  await found.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
  await page.goBack();
  await expect(search).toHaveValue(customer.pinyin);
  await expect(found).toBeVisible();
  await expect(rows(page)).toHaveCount(count);
  expect(page.url(), "nothing that may be a name stands in the address").not.toContain(customer.pinyin);

  await found.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
  await page.getByRole("link", { name: t("nav.customers"), exact: true }).click();
  await expect(search).toHaveValue("");
});

test("a dialog asks before it drops what was typed", async ({ page, app, t }) => {
  await app.open("/tasks");
  const opener = app.button("tasks.new");
  const dialog = app.dialog("tasks.new");
  const question = app.dialog("leaving.title");
  await opener.click();
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog, "nothing was typed").toHaveCount(0);
  await expect(opener).toBeFocused();

  await opener.click();
  const title = app.field("field.title", dialog);
  await title.fill("回访");
  await page.keyboard.press("Escape");
  await expect(question).toBeVisible();
  await app.button("leaving.stay", {}, question).click();
  await expect(question).toHaveCount(0);
  await expect(title).toHaveValue("回访");
  await expect(title).toBeFocused();
  // A press beside it.
  await page.mouse.click(4, 4);
  await expect(question).toBeVisible();
  await app.button("leaving.stay", {}, question).click();
  await dialog.getByRole("button", { name: t("common.close"), exact: true }).click();
  await app.button("leaving.discard", {}, question).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(opener).toBeFocused();
});

test("a page asks before it is left with what was typed", async ({ page, app, t, api }) => {
  const customer = await api.newPerson();
  const question = app.dialog("leaving.title");
  const closing = () =>
    page.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));

  await app.open("/customers?sort=customer_no");
  await app.go("/customers/new");
  expect(await closing(), "an empty form is left at once").toBe(false);
  const name = app.field("field.name");
  await name.fill("宋知远");
  await expect.poll(closing).toBe(true);
  await page.getByRole("link", { name: t("nav.tasks"), exact: true }).click();
  await app.button("leaving.stay", {}, question).click();
  await expect(question).toHaveCount(0);
  await expect(page).toHaveURL(/\/customers\/new$/);
  await page.evaluate(() => history.back());
  await expect(question).toBeVisible();
  await expect(page).toHaveURL(/\/customers\/new$/);
  await expect(name).toHaveValue("宋知远");
  await app.button("leaving.discard", {}, question).click();
  await expect(page).toHaveURL(/\/customers\?sort=customer_no$/);
  await expect(rows(page).first()).toBeVisible();
  expect(await closing(), "nothing is left to lose").toBe(false);

  await app.go(`/customers/${customer.id}`);
  await app.fact("field.employer").click();
  await app.editing("field.employer").getByRole("textbox").fill("苏州大学");
  const history = page.getByRole("tab", { name: t("customer.history") });
  await history.click();
  await app.button("leaving.stay", {}, question).click();
  await expect(app.editing("field.employer").getByRole("textbox")).toHaveValue("苏州大学");
  await app.button("common.save", {}, app.editing("field.employer")).click();
  await expect(app.fact("field.employer")).toContainText("苏州大学");
  await history.click();
  await expect(history).toHaveAttribute("aria-selected", "true");
  await expect(question).toHaveCount(0);
});

test("the focus moves to a neighbour when what has it goes", async ({ page, app, t, api }) => {
  await app.open(`/customers?filter=${encodeURIComponent('tier eq "gold" and status eq "active"')}`);
  const drops = page.locator(".chip__drop");
  await expect(drops).toHaveCount(2);
  await drops.first().focus();
  await page.keyboard.press("Enter");
  await expect(drops).toHaveCount(1);
  await expect(drops.first()).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(drops).toHaveCount(0);
  await expect(page.getByRole("button", { name: t("filter.add"), exact: true })).toBeFocused();

  const customer = await api.newPerson();
  const titles = ["甲", "乙"].map((word) => `${word}${customer.customer_no}`);
  for (const title of titles) await api.create("/tasks", { title, due_on: day(0), customer_id: customer.id });
  await app.go(`/customers/${customer.id}?tab=contacts`);
  const line = (title) => page.locator(".lines > li").filter({ hasText: title });
  await app.button("tasks.complete", {}, line(titles[0])).focus();
  await page.keyboard.press("Enter");
  await expect(line(titles[0])).toHaveCount(0);
  await expect(app.button("tasks.complete", {}, line(titles[1]))).toBeFocused();

  await app.button("tasks.menu", { title: titles[1] }, line(titles[1])).click();
  await app.menuItem("tasks.postpone").click();
  const dialog = app.dialog("tasks.postpone_title", { title: titles[1] });
  await app.button("tasks.reason_waiting", {}, dialog).click();
  await app.button("tasks.postpone_action", {}, dialog).click();
  await expect(app.toast(t("tasks.postponed", { day: day(1) }))).toBeVisible();
  await expect(line(titles[1])).toContainText(day(1));
  await expect.poll(() => focused(page)).toBe(true);
});

test("the palette opens what the newest text finds", async ({ page, app, t, api }) => {
  const customer = await api.newPerson();
  const early = customer.pinyin.slice(0, 2);
  const slow = new Map([[customer.pinyin, 900]]);
  await page.route(/\/api\/v1\/customers\/search$/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, slow.get(route.request().postDataJSON().q) ?? 0));
    await route.continue().catch(() => {});
  });
  await app.open("/customers");
  const field = page.getByRole("combobox", { name: t("palette.placeholder") });
  const options = page.getByRole("option");
  const open = async () => {
    await page.keyboard.press("Control+k");
    await expect(field).toBeFocused();
  };

  await open();
  await field.fill(early);
  await expect(options.first()).toBeVisible();
  await field.fill(customer.pinyin);
  await page.keyboard.press("Enter");
  await expect(page, "Enter waits for what was typed last").toHaveURL(new RegExp(`/customers/${customer.id}$`));

  // What was asked first answers last.
  slow.set(early, 2_000).set(customer.pinyin, 0);
  await open();
  const asked = page.waitForRequest((request) => request.url().endsWith("/customers/search") && request.postDataJSON().q === early);
  await field.fill(early);
  await asked;
  await field.fill(customer.pinyin);
  await expect(options.first()).toContainText(customer.name);
  await page.waitForTimeout(2_300);
  await expect(options.first(), "a late answer is nobody's").toContainText(customer.name);
});
