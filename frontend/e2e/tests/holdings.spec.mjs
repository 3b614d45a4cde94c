// Products, what customers hold, and what matures of it.
import { randomUUID } from "node:crypto";

import { Api } from "../support/api.mjs";
import { day } from "../support/dates.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

/** The first product of the catalogue with a code. */
async function product(api, code) {
  const page = await api.get(`/products?filter=${encodeURIComponent(`code eq "${code}"`)}`);
  return page.data[0];
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 150_000 });

    test("a holding is opened, moved, cancelled and closed", async ({ page, app, t, api }) => {
      const customer = await api.newPerson({});
      const deposit = await product(api, "dd");
      await app.open(`/customers/${customer.id}?tab=holdings`);
      await expect(page.getByRole("heading", { name: t("holdings.none") })).toBeVisible();
      await look(page, language, "holdings-none");

      await app.button("holding.open").click();
      let dialog = app.dialog("holding.open");
      await app.button("holding.open", {}, dialog).click();
      await expect(app.field("holding.amount", dialog)).toHaveAttribute("aria-invalid", "true");
      await look(page, language, "holding-form");
      await app.field("holding.product", dialog).selectOption(deposit.id);
      await app.field("holding.amount", dialog).fill("150,000");
      await app.button("holding.open", {}, dialog).click();
      await expect(dialog).toHaveCount(0);
      const panel = app.panel("holdings.title");
      await expect(panel.getByRole("listitem")).toHaveCount(1);
      // Assets and tier follow at once.
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("tier.gold"));
      await look(page, language, "holdings");

      const name = language === "en" ? deposit.name.en : deposit.name["zh-CN"];
      await panel.getByRole("button", { name, exact: true }).click();
      dialog = page.getByRole("dialog", { name, exact: true });
      await app.button("transaction.record", {}, dialog).click();
      const record = app.dialog("transaction.record");
      await app.field("transaction.kind_label", record).selectOption("withdrawal");
      await record.locator("#move-amount").fill("60000");
      await app.button("transaction.record", {}, record).click();
      await expect(record).toHaveCount(0);
      await expect(dialog).toContainText("-60,000.00");
      await look(page, language, "holding");

      await app.button("transaction.reverse", {}, dialog).click();
      const reverse = app.dialog("transaction.reverse");
      await app.field("transaction.reason", reverse).fill("entered twice");
      await app.button("transaction.reverse", {}, reverse).click();
      await expect(reverse).toHaveCount(0);
      await expect(dialog.getByText(t("transaction.cancelled"), { exact: true })).toBeVisible();

      await app.button("holding.close", {}, dialog).click();
      const close = app.dialog("holding.close");
      await app.button("holding.close", {}, close).click();
      await expect(close).toHaveCount(0);
      await expect(app.button("holding.reopen", {}, dialog)).toBeVisible();
      const after = await api.get(`/customers/${customer.id}`);
      // The assets follow at once; the tier waits until the grace period ends, and the page says so.
      const falls = day((await api.get("/tiers")).grace_days);
      expect([after.figures.aum.amount, after.figures.tier, after.figures.standing.demotes_on]).toEqual(["0.0000", "gold", falls]);
      await dialog.press("Escape");
      await expect(page.getByRole("note").filter({ hasText: falls })).toContainText(t("tier.gold"));
    });

    test("what matures is listed by span", async ({ page, app, t }) => {
      await app.open("/holdings");
      await expect(page.getByRole("table")).toBeVisible();
      await look(page, language, "maturities");
      await app.button("holdings.within", { days: "90" }).click();
      await expect(page).toHaveURL(/matures_on/);
      await expect(page.getByRole("table")).toBeVisible();
      const link = page.getByRole("table").getByRole("link").first();
      await link.click();
      await expect(page.getByRole("tab", { name: t("customer.holdings"), selected: true })).toBeVisible();
    });

    test.describe("the administrator", () => {
      test.use({ who: "admin" });

      test("keeps the catalogue and sees no holdings", async ({ page, app, t }) => {
        const code = `e2e_${randomUUID().slice(-8)}`;
        await app.open("/products");
        await look(page, language, "products");
        await app.button("product.new").click();
        const dialog = app.dialog("product.new");
        await app.field("unit.name_zh", dialog).fill("测试产品");
        await app.field("unit.name_en", dialog).fill(`Test product ${code}`);
        await app.field("product.code", dialog).fill(code);
        await look(page, language, "product-form");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await app.go(`/products?filter=${encodeURIComponent(`kind eq "deposit"`)}&sort=-code`);
        await expect(page.getByText(code, { exact: true })).toBeVisible();
        await app.go("/holdings");
        await expect(page.getByRole("heading", { name: t("missing.title") }).first()).toBeVisible();
      });
    });

    test.describe("the teller", () => {
      test.use({ who: "teller" });

      test("reads the catalogue", async ({ page, app, t }) => {
        await app.open("/products");
        await expect(page.getByRole("table")).toBeVisible();
        await expect(app.button("product.new")).toHaveCount(0);
        await expect(page.getByRole("link", { name: t("nav.holdings") })).toHaveCount(0);
        const other = await Api.as("teller");
        await expect(other.get("/holdings")).rejects.toThrow("403");
      });
    });
  });
}
