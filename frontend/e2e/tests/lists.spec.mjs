// What a list offers besides finding: figures in its filters, choosing rows, going from one customer to the next.
import { Api } from "../support/api.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { expect, test } from "../support/test.mjs";

test.describe("the customer list", () => {
  test.use({ who: "branch_manager" });

  const rows = (page) => page.getByRole("table").locator("tbody tr");
  const boxes = (page) => rows(page).getByRole("checkbox");
  const bar = (page, t) => page.getByRole("region", { name: t("table.selection") });

  test("figures of a filter are grouped, and read as people type them", async ({ page, app, t }) => {
    await app.open("/customers");
    await page.getByRole("button", { name: t("filter.add"), exact: true }).click();
    const form = page.getByRole("dialog", { name: t("filter.add") });
    await app.field("filter.field", form).selectOption("aum");
    await app.field("filter.value", form).fill("many");
    await expect(app.button("filter.apply", {}, form)).toBeDisabled();
    await app.field("filter.value", form).fill("1,000,000");
    await expect(form.getByText("1M", { exact: true })).toBeVisible();
    await app.button("filter.apply", {}, form).click();
    await expect(page).toHaveURL(/aum(%20|\+)ge(%20|\+)1000000$/);
    await expect(page.getByRole("button", { name: `${t("field.aum")} ${t("filter.ge")} 1,000,000`, exact: true })).toBeVisible();
  });

  test("one page alone needs no counting", async ({ page, app, t }) => {
    await app.open(`/customers?filter=${encodeURIComponent("aum ge 5000000")}`);
    const pages = page.getByRole("navigation", { name: t("table.pages") });
    const count = await rows(page).count();
    expect(count).toBeLessThan(50);
    await expect(pages).toContainText(`1–${count} of ${count}`);
    await expect(app.button("table.count")).toHaveCount(0);
    await app.go("/customers");
    await expect(app.button("table.count")).toBeVisible();
  });

  test("rows are chosen one by one, in ranges, and over pages", async ({ page, app, t, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await app.open("/customers");
    await expect(boxes(page)).toHaveCount(50);
    const number = (row) => row.getByRole("cell").nth(2).textContent();
    const expected = [];
    for (const index of [1, 2, 3, 4]) expected.push(await number(rows(page).nth(index)));
    await boxes(page).nth(1).click();
    await boxes(page).nth(4).click({ modifiers: ["Shift"] });
    await expect(bar(page, t)).toContainText(t("table.selected", { count: 4 }));
    const all = page.getByRole("checkbox", { name: t("table.select_page"), exact: true });
    expect(await all.evaluate((box) => box.indeterminate)).toBe(true);

    await app.button("table.next").click();
    await expect(page.getByRole("navigation", { name: t("table.pages") })).toContainText("51–100");
    await expect(boxes(page).first()).not.toBeChecked();
    await expect(bar(page, t), "what was chosen stays chosen").toContainText(t("table.selected", { count: 4 }));
    await app.button("customers.copy_numbers").click();
    await expect(app.toast(t("customers.numbers_copied", { count: 4 }))).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(expected.join("\n"));

    await all.check();
    await expect(bar(page, t)).toContainText(t("table.selected", { count: 54 }));
    await all.uncheck();
    await expect(bar(page, t)).toContainText(t("table.selected", { count: 4 }));
    await app.button("table.back").click();
    await expect(boxes(page).nth(4)).toBeChecked();
    // Another list is another choice.
    await page.getByRole("columnheader").getByRole("button", { name: t("field.customer_no") }).click();
    await expect(page).toHaveURL(/sort=/);
    await expect(app.button("customers.copy_numbers")).toHaveCount(0);
  });

  test("rows are chosen by keyboard", async ({ page, app, t }) => {
    const keys = new Keyboard(page);
    await app.open("/customers");
    const links = rows(page).getByRole("link");
    await keys.to(links.first());
    await keys.press("Space");
    await expect(boxes(page).first()).toBeChecked();
    await keys.press("Shift+ArrowDown", 2);
    await expect(links.nth(2)).toBeFocused();
    await expect(bar(page, t)).toContainText(t("table.selected", { count: 3 }));
    await keys.press("ArrowDown", 3);
    await keys.press("Shift+Space");
    await expect(bar(page, t), "up to here from the last one that was chosen").toContainText(t("table.selected", { count: 6 }));
    await keys.press("Space");
    await expect(bar(page, t)).toContainText(t("table.selected", { count: 5 }));
    await keys.press("Control+a");
    await expect(bar(page, t)).toContainText(t("table.selected", { count: 50 }));
    await keys.to(app.button("table.clear_selection"), "Tab", 120);
    await keys.press("Enter");
    await expect(app.button("table.clear_selection")).toHaveCount(0);
  });

  test("from one customer to the next, and back to the list", async ({ page, app, t }) => {
    await app.open("/customers?sort=customer_no");
    const names = await rows(page).getByRole("link").allTextContents();
    await rows(page).nth(1).getByRole("link").click();
    const heading = page.getByRole("heading", { level: 1 });
    await expect(heading).toContainText(names[1]);
    // The page hears keys a moment after it is seen.
    await expect(async () => {
      if ((await heading.textContent()).includes(names[1])) await page.keyboard.press("Alt+ArrowDown");
      await expect(heading).toContainText(names[2], { timeout: 2_000 });
    }).toPass();
    await expect(page.getByText(t("customer.place", { place: 3, count: 50 }))).toBeVisible();
    await app.button("customer.before").click();
    await app.button("customer.before").click();
    await expect(heading).toContainText(names[0]);
    await expect(app.button("customer.before")).toBeDisabled();
    await page.goBack();
    await expect(page).toHaveURL(/\/customers\?sort=customer_no$/);
  });

  test("an owner is found by typing, and the address knows the name again", async ({ page, app, t }) => {
    await app.open("/customers");
    await page.getByRole("button", { name: t("filter.add"), exact: true }).click();
    const form = page.getByRole("dialog", { name: t("filter.add") });
    await app.field("filter.field", form).selectOption("owner_id");
    await form.getByRole("combobox", { name: t("field.owner"), exact: true }).click();
    const option = page.getByRole("listbox").getByRole("option").first();
    const name = await option.locator("span").textContent();
    await option.click();
    await expect(form.getByRole("listitem")).toContainText(name);
    await app.button("filter.apply", {}, form).click();
    const chip = page.getByRole("button", { name: new RegExp(`^${t("field.owner")} ${t("filter.in")}`) });
    await expect(chip).toContainText(name);
    await page.reload();
    await expect(chip).toContainText(name);
    await expect(rows(page).filter({ hasNotText: name })).toHaveCount(0);
  });
});

test.describe("colleagues to choose from", () => {
  test.use({ who: "outlet_head" });

  test("are asked for by text, and the newest text counts", async ({ page, app, t, api }) => {
    const customer = await api.newPerson();
    const asked = [];
    const answer = (names) => ({
      data: names.map((display_name, index) => ({ ...found, id: `018f5e66-0000-7000-8000-00000000000${index}`, display_name })),
      page: { limit: 12, next: null },
    });
    const found = (await api.get("/users?limit=1")).data[0];
    await page.route(/\/api\/v1\/users\?/, async (route) => {
      const text = new URL(route.request().url()).searchParams.get("q");
      asked.push(text);
      // The first answer would come last.
      if (text === "li") await new Promise((resolve) => setTimeout(resolve, 1_000));
      await route.fulfill({ json: answer(text === "lin" ? ["林若溪"] : text === "zz" ? [] : ["李不该", "李来迟"]) }).catch(() => {});
    });
    await app.open(`/customers/${customer.id}`);
    await app.button("assign.title").click();
    const dialog = app.dialog("assign.title");
    const box = dialog.getByRole("combobox", { name: new RegExp(`^${t("field.owner")}`) });
    await box.pressSequentially("li");
    await expect.poll(() => asked).toContain("li");
    await box.pressSequentially("n");
    const options = page.getByRole("listbox").getByRole("option");
    await expect(options).toHaveText([/林若溪/]);
    await page.waitForTimeout(1_200);
    await expect(options, "a late answer is nobody's").toHaveText([/林若溪/]);
    expect(await box.getAttribute("aria-controls")).toBe(await page.getByRole("listbox").getAttribute("id"));

    await box.fill("zz");
    await expect(dialog.getByText(t("common.nothing_found"))).toBeVisible();
    await expect(box).toHaveAttribute("aria-expanded", "false");
    expect(await box.getAttribute("aria-controls"), "there is nothing to control").toBeNull();
  });
});

test.describe("the audit list", () => {
  test.use({ who: "auditor" });

  test("names what an entry is about, and shows all of it", async ({ page, app, t }) => {
    const rm = await Api.as("rm");
    const customer = await rm.newPerson();
    await rm.change(`/customers/${customer.id}`, { occupation: "会计", customer_since: "2020-01-05" });
    await app.open("/admin/audit");
    const row = page.getByRole("table").locator("tbody tr").filter({ hasText: customer.name }).first();
    await expect(row).toContainText(t("resource.customer"));
    const keys = new Keyboard(page);
    await keys.to(row.getByRole("button"), "Tab", 200);
    await keys.press("Enter");
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText("会计");
    await expect(dialog).toContainText("教师");
    await expect(dialog).toContainText("2020-01-05");
    await expect(dialog).toContainText(new RegExp(`${t("audit.request")}[0-9a-f]{32}`));
    await keys.press("Escape");
    await expect(dialog).toHaveCount(0);
    await row.getByRole("link", { name: customer.name }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
  });
});
