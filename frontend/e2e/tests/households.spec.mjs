// The list of households, one household with its history, and how much of a customer's wealth lies here.
import { randomInt } from "node:crypto";

import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language, who: "outlet_head" });
    test.describe.configure({ timeout: 180_000 });

    test("households are found by name and by a member, and tell their history", async ({ page, app, api, t }) => {
      const [head, partner] = [await api.newPerson(), await api.newPerson()];
      const name = `钟氏家庭${randomInt(1e6)}`;
      await api.create("/households", { name, members: [{ customer_id: head.id, role: "head" }] });

      await app.open("/households");
      await expect(rows(page).first()).toBeVisible();
      await look(page, language, "households");
      const search = page.getByRole("textbox", { name: t("household.search") });
      await search.fill(name.slice(0, 4));
      await expect(rows(page).filter({ hasText: name })).toBeVisible();
      await search.fill(head.customer_no);
      await expect(rows(page)).toHaveCount(1);
      await expect(rows(page)).toContainText(name);
      await search.fill("没有这样的家庭");
      await expect(page.getByText(t("household.not_found"))).toBeVisible();
      await look(page, language, "households-none");
      await search.fill(head.name);
      await page.getByRole("link", { name }).click();

      await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
      const members = app.panel("household.members");
      await expect(members.getByRole("listitem")).toHaveCount(1);
      await app.button("household.edit").click();
      const dialog = app.dialog("household.edit");
      await dialog.getByRole("combobox", { name: t("household.add") }).fill(partner.customer_no);
      await dialog.getByRole("option", { name: new RegExp(partner.name) }).click();
      await dialog.getByLabel(t("household.role_of", { name: partner.name })).selectOption("spouse");
      await app.button("common.save", {}, dialog).click();
      await expect(dialog).toHaveCount(0);
      await expect(members.getByRole("listitem")).toHaveCount(2);
      const history = app.panel("customer.history");
      await expect(history.getByRole("listitem").first()).toContainText(`${partner.name} (${t("household_role.spouse")})`);
      await expect(history.getByRole("listitem")).toHaveCount(2);
      await look(page, language, "household");
      await members.getByRole("link", { name: partner.name }).click();
      await expect(page.getByRole("heading", { level: 1 })).toContainText(partner.name);
    });

    test("the keyboard alone finds a household", async ({ page, app, api, t }) => {
      const person = await api.newPerson();
      const name = `柯氏家庭${randomInt(1e6)}`;
      await api.create("/households", { name, members: [{ customer_id: person.id, role: "head" }] });
      await app.open("/customers");
      const keys = new Keyboard(page);
      await page.keyboard.press("Control+k");
      await expect(page.getByRole("dialog", { name: t("palette.title") })).toBeVisible();
      await keys.type(t("household.title"));
      await expect(page.getByRole("option", { name: t("household.title") })).toBeVisible();
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: t("household.title") })).toBeVisible();
      await keys.to(page.getByRole("textbox", { name: t("household.search") }));
      await keys.type(name);
      await expect(rows(page)).toHaveCount(1);
      await keys.to(page.getByRole("link", { name }));
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
    });

    test("the share of wallet follows what is known of other banks", async ({ page, app, api, t }) => {
      const person = await api.newPerson();
      const products = await api.get("/products?limit=200");
      const deposit = products.data.find((product) => product.kind === "deposit" && product.currency === "CNY");
      await api.create(`/customers/${person.id}/holdings`, { product_id: deposit.id, amount: "500000", opened_on: "2026-01-05" });
      await app.open(`/customers/${person.id}`);
      const panel = app.panel("outside.title");
      await expect(panel).toContainText(t("outside.none"));
      await expect(panel).not.toContainText(t("field.share_of_wallet"));
      await app.button("outside.add").click();
      const dialog = page.getByRole("dialog");
      await app.field("outside.institution", dialog).fill("招商银行");
      await dialog.getByLabel(t("outside.estimate", { currency: "CNY" })).fill("1,500,000");
      await app.button("common.save", {}, dialog).click();
      await expect(panel).toContainText(`${t("field.share_of_wallet")} 25 %`);
      await expect(panel).toContainText(t("outside.formula"));
      await expect(page.locator(".header__facts")).toContainText(`${t("field.share_of_wallet")} 25 %`);
      await look(page, language, "customer-wallet");
      await app.button("outside.remove", { name: "招商银行" }).click();
      await expect(page.locator(".header__facts")).not.toContainText(t("field.share_of_wallet"));
    });
  });
}
