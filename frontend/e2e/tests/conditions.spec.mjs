// Filters put together from groups of conditions: they stand in the address, and so in views, files and bulk actions.
import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");
const filterOf = (page) => new URL(page.url()).searchParams.get("filter");
const group = (page, t) => page.getByRole("group", { name: t("rule.group") });

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language, who: "outlet_head" });
    test.describe.configure({ timeout: 180_000 });

    test("conditions are put together, stand in the address and are kept as a view", async ({ page, app, api, t }) => {
      await app.open("/customers");
      await app.button("filter.advanced").click();
      const dialog = app.dialog("filter.advanced");
      await expect(dialog).toBeVisible();
      await app.button("filter.apply", {}, dialog).click();
      await expect(dialog.getByText(t("rule.unfinished"))).toBeVisible();
      await dialog.getByLabel(t("rule.field", { n: "1" })).selectOption("tier");
      await dialog.getByRole("group", { name: t("rule.value", { n: "1" }) }).getByLabel(t("tier.gold")).check();
      await app.button("rule.add_group", {}, dialog).click();
      const inner = group(dialog, t).nth(1);
      await inner.getByLabel(t("rule.field", { n: "2" })).selectOption("aum");
      await inner.getByLabel(t("rule.operator", { n: "2" })).selectOption("gt");
      await inner.getByLabel(t("rule.value", { n: "2" })).fill("100,000");
      await app.button("rule.add", {}, inner).click();
      await inner.getByLabel(t("rule.field", { n: "3" })).selectOption("city");
      await inner.getByLabel(t("rule.operator", { n: "3" })).selectOption("missing");
      await look(page, language, "conditions");
      await app.button("filter.apply", {}, dialog).click();
      await expect(dialog).toHaveCount(0);
      await expect.poll(() => filterOf(page)).toBe('tier eq "gold" and (aum gt 100000 or city eq null)');
      await expect(page.locator(".table--stale, .skeleton")).toHaveCount(0);
      const found = await api.get(`/customers?limit=200&include=total&filter=${encodeURIComponent(filterOf(page))}`);
      expect(found.page.total).toBeGreaterThan(0);
      await expect(rows(page)).toHaveCount(Math.min(50, found.page.total));

      // In words, which open it again; what is denied is read and written.
      const chip = page.locator(".chip__edit");
      await expect(chip).toContainText("100,000");
      await look(page, language, "conditions-chip");
      await chip.click();
      await expect(dialog.getByLabel(t("rule.field", { n: "3" }))).toHaveValue("city");
      await group(dialog, t).nth(1).getByLabel(t("rule.group")).first().selectOption("none");
      await app.button("filter.apply", {}, dialog).click();
      await expect.poll(() => filterOf(page)).toBe('tier eq "gold" and not (aum gt 100000 or city eq null)');

      // A deep link reads the same.
      const link = page.url();
      await app.go("/customers?filter=");
      await app.go(new URL(link).pathname + new URL(link).search);
      await expect(page.locator(".chip__edit")).toContainText(t("rule.not").trim());
      await app.button("filter.clear").click();
      await expect.poll(() => filterOf(page)).toBeNull();
    });

    test("plain conditions become chips, and other lists know them too", async ({ page, app, t }) => {
      await app.open(`/customers?filter=${encodeURIComponent('tier eq "gold"')}`);
      await app.button("filter.advanced").click();
      const dialog = app.dialog("filter.advanced");
      await app.button("rule.add", {}, dialog).click();
      await dialog.getByLabel(t("rule.field", { n: "2" })).selectOption("aum");
      await dialog.getByLabel(t("rule.value", { n: "2" })).fill("5");
      await app.button("filter.apply", {}, dialog).click();
      await expect.poll(() => filterOf(page)).toBe('tier eq "gold" and aum ge 5');
      await expect(page.locator(".chip")).toHaveCount(2);

      await app.go("/holdings");
      await app.button("filter.advanced").click();
      await expect(dialog).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(dialog).toHaveCount(0);
      await expect(app.button("filter.advanced")).toBeFocused();
    });

    test("the keyboard alone puts conditions together", async ({ page, app, t }) => {
      await app.open("/customers");
      const keys = new Keyboard(page);
      await keys.to(page.getByRole("button", { name: t("filter.advanced"), exact: true }));
      await keys.press("Enter");
      const dialog = app.dialog("filter.advanced");
      await expect(dialog).toBeVisible();
      const field = dialog.getByLabel(t("rule.field", { n: "1" }));
      await keys.to(field);
      await field.selectOption("aum");
      await keys.to(dialog.getByLabel(t("rule.value", { n: "1" })));
      await keys.type("1000");
      await keys.press("Enter");
      await expect(dialog).toHaveCount(0);
      await expect.poll(() => filterOf(page)).toBe("aum ge 1000");
    });
  });
}
