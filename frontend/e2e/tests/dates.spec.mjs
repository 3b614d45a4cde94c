// Dates: typed, or picked in a calendar that speaks the app's language, by keyboard too.
import { Keyboard } from "../support/keyboard.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const calendar = (page) => page.getByRole("dialog").filter({ has: page.getByRole("grid") });

for (const [language, day, other] of [
  ["zh-CN", "2024年2月29日星期四", "3月"],
  ["en", "Thursday, February 29, 2024", "March"],
]) {
  test.describe(language, () => {
    // The browser's own language must not matter.
    test.use({ language, locale: LANGUAGES.find((one) => one !== language) });

    test("a date is picked by keyboard", async ({ page, app, t }) => {
      const keys = new Keyboard(page);
      await app.open("/customers/new");
      const field = app.field("field.birth_date");
      await keys.to(field);
      await keys.type("20240331");
      await keys.press("Tab");
      await expect(field).toHaveValue("2024-03-31");
      const button = app.button("date.choose", { field: t("field.birth_date") });
      await expect(button).toBeFocused();
      await keys.press("Enter");
      await expect(calendar(page)).toBeVisible();
      const month = calendar(page).getByRole("combobox", { name: t("date.month") });
      await expect(month.locator("option:checked")).toHaveText(other);
      await keys.press("PageUp");
      await expect(calendar(page).getByRole("button", { name: day }), "the month before has no 31st").toBeFocused();
      await keys.press("ArrowDown");
      await keys.press("Home");
      await keys.press("Shift+PageUp");
      await keys.press("Enter");
      await expect(calendar(page)).toHaveCount(0);
      await expect(field).toHaveValue("2023-03-04");
      await expect(button).toBeFocused();

      await keys.press("Enter");
      await keys.to(calendar(page).getByRole("combobox", { name: t("date.year") }), "Shift+Tab");
      await calendar(page).getByRole("combobox", { name: t("date.year") }).selectOption("1985");
      await keys.to(calendar(page).getByRole("button", { name: /1985.*4|4.*1985/ }).first());
      await keys.press("Escape");
      await expect(field, "given up").toHaveValue("2023-03-04");
      await expect(button).toBeFocused();
    });
  });
}

test("what is no date is said at the field and never sent", async ({ page, app, t }) => {
  await app.open("/customers/new");
  await app.field("field.name").fill("林琪航");
  const field = app.field("field.birth_date");
  await field.fill("1990-02-30");
  await expect(field, "while typing nothing is wrong yet").not.toHaveAttribute("aria-invalid", "true");
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && request.url().endsWith("/customers") && sent.push(request));
  await app.button("new_customer.action").click();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText(t("check.date"))).toBeVisible();
  await expect(field).toBeFocused();
  expect(sent).toEqual([]);
});

test("a fact that is a date, changed in its place", async ({ page, app, t, api }) => {
  const customer = await api.newPerson();
  await app.open(`/customers/${customer.id}`);
  await app.fact("field.customer_since").click();
  const group = app.editing("field.customer_since");
  await app.button("date.choose", { field: t("field.customer_since") }, group).click();
  await page.keyboard.press("Escape");
  await expect(calendar(page)).toHaveCount(0);
  await expect(group, "Escape is the calendar's").toBeVisible();
  await group.getByRole("textbox").fill("2019/7/1");
  await group.getByRole("textbox").press("Enter");
  await expect(app.fact("field.customer_since")).toContainText("2019-07-01");

  await app.fact("field.customer_since").click();
  await app.button("date.choose", { field: t("field.customer_since") }, group).click();
  await calendar(page).getByRole("button", { name: "Wednesday, July 3, 2019" }).click();
  await expect(group.getByRole("textbox")).toHaveValue("2019-07-03");
  await app.button("common.save", {}, group).click();
  await expect(app.fact("field.customer_since")).toContainText("2019-07-03");
});
