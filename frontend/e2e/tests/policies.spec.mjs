// What everybody reads and administrators set: exchange rates and tiers.
import { Api } from "../support/api.mjs";
import { day } from "../support/dates.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 150_000 });

    test.describe("the administrator", () => {
      test.use({ who: "admin" });

      test("adds a rate and puts it right", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(422, "/api/v1/exchange-rates");
        const currency = language === "en" ? "SEK" : "NOK";
        await app.open("/admin/rates");
        await expect(page.getByRole("table")).toBeVisible();
        await look(page, language, "rates");
        await app.button("rate.new").click();
        let dialog = app.dialog("rate.new");
        const figure = () => dialog.locator("#rate-figure");
        await app.field("holding.currency", dialog).fill("cny");
        await figure().fill("0");
        await app.button("common.save", {}, dialog).click();
        await expect(figure()).toHaveAttribute("aria-invalid", "true");
        await figure().fill("0.68451");
        await app.button("common.save", {}, dialog).click();
        // A bank's own currency has no rate: the server says so at the field.
        await expect(app.field("holding.currency", dialog)).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "rate-wrong");
        await app.field("holding.currency", dialog).fill(currency.toLowerCase());
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await app.go(`/admin/rates?filter=${encodeURIComponent(`currency eq "${currency}"`)}`);
        const rows = page.getByRole("table").locator("tbody tr");
        await expect(rows).toHaveCount(1);
        await expect(rows).toContainText("0.68451");
        await expect(rows).toContainText(day(0));

        await app.button("rate.correct", { currency, day: day(0) }).click();
        dialog = app.dialog("rate.correct_title");
        await expect(app.field("holding.currency", dialog)).toBeDisabled();
        await figure().fill("0.7");
        await look(page, language, "rate-correct");
        await app.button("common.save", {}, dialog).click();
        await expect(rows).toContainText("0.7000");
        await expect(rows).toHaveCount(1);

        await app.button("rate.new").click();
        dialog = app.dialog("rate.new");
        await app.field("holding.currency", dialog).fill(currency);
        await figure().fill("0.71");
        await app.field("rate.valid_from", dialog).fill(day(5));
        await app.button("common.save", {}, dialog).click();
        await expect(rows).toHaveCount(2);
        await expect(rows.first()).toContainText(t("rate.coming"));
        await look(page, language, "rates-coming");
        const kept = await api.get(`/exchange-rates?filter=${encodeURIComponent(`currency eq "${currency}"`)}`);
        expect(kept.data.map((rate) => [rate.valid_from, rate.rate])).toEqual([
          [day(5), "0.71000000"],
          [day(0), "0.70000000"],
        ]);
      });

      test("sets the tiers, also when a colleague was faster", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(412, "/api/v1/tiers");
        hygiene.expect(422, "/api/v1/tiers");
        const before = await api.get("/tiers");
        const { tiers, basis, grace_days, candidate_percent, gem_amount } = before;
        const set = (rules) => api.change("/tiers", { tiers: rules }, "PUT");
        try {
          await app.open("/admin/tiers");
          await expect(app.panel("tiers.in_force").getByRole("table")).toContainText("5,000,000.00");
          await look(page, language, "tiers");
          await app.button("tiers.edit").click();
          const dialog = app.dialog("tiers.edit");
          const threshold = (n) => dialog.locator(`#tier-${n}-threshold`);
          await expect(threshold(0), "the lowest begins at nothing").toBeDisabled();
          await dialog.locator("#tiers-grace").fill("120");
          await dialog.locator("#tiers-gem").fill("200,000");
          await threshold(2).fill("90000");
          await dialog.locator("#tier-2-cadence").fill("often");
          await app.button("common.save", {}, dialog).click();
          await expect(dialog.locator("#tier-2-cadence")).toHaveAttribute("aria-invalid", "true");
          await expect(dialog.locator("#tier-2-cadence"), "what is wrong is brought into sight").toBeFocused();
          await dialog.locator("#tier-2-cadence").fill("5");
          await app.button("common.save", {}, dialog).click();
          // Platinum below gold: the server says at which threshold.
          await expect(threshold(2)).toHaveAttribute("aria-invalid", "true");
          await look(page, language, "tiers-wrong");

          // A colleague sets the cadence of gold and the threshold of platinum meanwhile.
          const theirs = structuredClone(tiers);
          theirs[1].cadence_days = 13;
          theirs[2].threshold = "1050000.0000";
          await set(theirs);
          await threshold(2).fill("1,100,000");
          await app.button("common.save", {}, dialog).click();
          const notice = dialog.getByRole("alert").filter({ hasText: t("conflict.replaces") });
          await expect(notice).toContainText("1,050,000");
          await expect(threshold(2)).toHaveValue("1,100,000");
          await expect(dialog.locator("#tier-1-cadence"), "what was not touched is theirs").toHaveValue("13");
          await look(page, language, "tiers-conflict");
          await app.button("common.save", {}, dialog).click();
          await expect(dialog).toHaveCount(0);
          await expect(app.panel("tiers.in_force").getByRole("table")).toContainText("1,100,000.00");
          const now = await api.get("/tiers");
          const after = now.tiers;
          expect([after[1].cadence_days, after[2].cadence_days, after[2].threshold]).toEqual([13, 5, "1100000.0000"]);
          expect([now.basis, now.grace_days, now.gem_amount]).toEqual([basis, 120, "200000.0000"]);
          expect(now.valid_from, "from today on").toBe(day(0));
          // What was in force until yesterday stands among the past.
          await expect(app.panel("tiers.others").getByRole("listitem").last()).toContainText(t("tier_policy_state.past"));
          await look(page, language, "tiers-past");
        } finally {
          await api.change("/tiers", { tiers, basis, grace_days, candidate_percent, gem_amount }, "PUT");
        }
      });
    });

    test("everybody reads them", async ({ page, app, t }) => {
      await app.open("/admin/rates");
      await expect(page.getByRole("table")).toBeVisible();
      await expect(app.button("rate.new")).toHaveCount(0);
      await page.getByRole("link", { name: t("nav.tiers"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("tiers.title") })).toBeVisible();
      await expect(page.getByText(t("tiers.help_read"))).toBeVisible();
      await expect(app.panel("tiers.in_force").getByRole("table").locator("tbody tr")).toHaveCount(5);
      await expect(app.button("tiers.edit")).toHaveCount(0);
      await page.keyboard.press("Control+k");
      await page.keyboard.type(t("nav.rates"));
      await page.getByRole("option", { name: t("nav.rates") }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("rates.title") })).toBeVisible();
      const teller = await Api.as("teller");
      await expect(teller.create("/exchange-rates", { currency: "SEK", valid_from: day(0), rate: "1" })).rejects.toThrow("403");
    });
  });
}
