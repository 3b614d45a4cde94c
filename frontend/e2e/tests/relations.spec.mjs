// Who belongs together: relations from both sides, the drawing, referrals, households and their balance sheet.
import { Api } from "../support/api.mjs";
import { look, pressEscape } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

/** Finds a customer by name in a field that offers what it finds, and takes it. */
async function choose(dialog, label, name) {
  await dialog.getByRole("combobox", { name: label }).fill(name);
  await dialog.getByRole("option", { name: new RegExp(name) }).click();
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 180_000 });

    test.describe("the head of an outlet", () => {
      test.use({ who: "outlet_head" });

      test("notes a relation, forms a household and shares an account", async ({ page, app, api, t }) => {
        const [own, partner, firm] = [
          await api.newPerson(),
          await api.newPerson(),
          await api.create("/customers", { kind: "organisation", name: `金桂贸易${Date.now() % 100000}有限公司` }),
        ];
        const products = await api.get("/products?limit=200");
        const deposit = products.data.find((product) => product.kind === "deposit" && product.currency === "CNY");
        const holding = await api.create(`/customers/${own.id}/holdings`, {
          product_id: deposit.id, amount: "8000", opened_on: "2026-01-05",
        });
        await api.create(`/customers/${partner.id}/holdings`, { product_id: deposit.id, amount: "500", opened_on: "2026-01-05" });

        await app.open(`/customers/${own.id}?tab=relations`);
        await expect(page.getByText(t("relations.none"))).toBeVisible();
        await look(page, language, "relations-none");
        await app.button("relations.add").click();
        let dialog = app.dialog("relations.add");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog.getByRole("combobox", { name: t("relations.other") })).toHaveAttribute("aria-invalid", "true");
        await choose(dialog, t("relations.other"), partner.name);
        await app.field("relations.role", dialog).selectOption("spouse");
        await app.field("relations.since", dialog).fill("2010-05-01");
        await look(page, language, "relation-new");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        const list = app.panel("relations.title");
        await expect(list.getByRole("listitem")).toContainText(partner.name);
        await expect(list.getByRole("listitem")).toContainText(t("relation_role.spouse"));

        await app.button("relations.add").click();
        dialog = app.dialog("relations.add");
        await choose(dialog, t("relations.other"), firm.name);
        await app.field("relations.role", dialog).selectOption("contact_for");
        await app.field("relations.position", dialog).fill("财务总监");
        await app.field("relations.authority", dialog).selectOption("decision_maker");
        await app.button("common.save", {}, dialog).click();
        await expect(list.getByRole("listitem")).toHaveCount(2);
        await expect(page.getByRole("img", { name: t("relations.drawing", { count: "2" }) })).toBeVisible();

        await app.button("household.form").click();
        dialog = app.dialog("household.form");
        await choose(dialog, t("household.add"), partner.name);
        await dialog.getByLabel(t("household.role_of", { name: partner.name })).selectOption("spouse");
        await look(page, language, "household-new");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        const households = app.panel("household.title");
        await expect(households.getByRole("row", { name: t("household.assets") })).toContainText("8,500.00");

        await app.go(`/customers/${own.id}?tab=holdings`);
        await page.getByRole("button", { name: deposit.name[language] ?? deposit.name["zh-CN"] }).first().click();
        dialog = page.getByRole("dialog");
        await choose(dialog, t("owners.add"), partner.name);
        await expect(dialog.getByRole("link", { name: partner.name })).toBeVisible();
        await look(page, language, "co-owners");
        await pressEscape(page);

        await app.go(`/customers/${partner.id}?tab=relations`);
        await expect(households.getByRole("row", { name: t("household.assets") })).toContainText("8,500.00");
        await expect(households).toContainText(t("household.joint", { count: "1" }));
        await look(page, language, "relations");
        expect(holding.id).toBeTruthy();

        await app.go(`/customers/${firm.id}?tab=relations`);
        await expect(list.getByRole("listitem")).toContainText("财务总监");
        await expect(list.getByRole("listitem")).toContainText(t("authority.decision_maker"));
        await list.getByRole("button", { name: t("relations.menu", { name: own.name }) }).click();
        await app.menuItem("common.edit").click();
        dialog = app.dialog("relations.edit");
        await app.field("relations.note", dialog).fill("新任");
        await app.button("common.save", {}, dialog).click();
        await expect(list.getByRole("listitem")).toContainText("新任");
        await list.getByRole("button", { name: t("relations.menu", { name: own.name }) }).click();
        await app.menuItem("relations.remove").click();
        await expect(page.getByText(t("relations.none"))).toBeVisible();
      });

      test("a second spouse is refused in words", async ({ app, api, t, hygiene, page }) => {
        hygiene.expect(409, "/relations");
        const people = [await api.newPerson(), await api.newPerson(), await api.newPerson()];
        await api.create(`/customers/${people[0].id}/relations`, { other_id: people[1].id, role: "spouse" });
        await app.open(`/customers/${people[2].id}?tab=relations`);
        await app.button("relations.add").click();
        const dialog = app.dialog("relations.add");
        await choose(dialog, t("relations.other"), people[0].name);
        await app.field("relations.role", dialog).selectOption("spouse");
        await app.button("common.save", {}, dialog).click();
        await expect(app.field("relations.role", dialog)).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "relation-refused");
      });
    });

    test.describe("the teller", () => {
      test.use({ who: "teller" });

      test("sees no relations", async ({ page, app, t }) => {
        const head = await Api.as("outlet_head");
        const person = await head.newPerson();
        await app.open(`/customers/${person.id}?tab=relations`);
        await expect(page.getByRole("tab", { name: t("relations.title") })).toHaveCount(0);
      });
    });
  });
}
