// Policies of tiers: planned, tried, and the lists of customers who are about to move.
import { Api } from "../support/api.mjs";
import { day } from "../support/dates.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";
import { unavailable } from "../support/problems.mjs";

const LISTS = [
  { list: "candidates", filter: "promotion_candidate eq true", sort: "promotion_gap", matters: "field.promotion_gap" },
  { list: "demotions", filter: "in_grace eq true", sort: "demotes_on", matters: "field.demotes_on" },
  { list: "gems", filter: "hidden_gem eq true", sort: "-largest_transaction", matters: "field.largest_transaction" },
];

const listed = ({ filter, sort }) => `/customers?filter=${encodeURIComponent(filter)}&sort=${sort}`;
const grouped = (amount) => Number(amount).toLocaleString("en", { maximumFractionDigits: 4 });
const rows = (page) => page.getByRole("table").locator("tbody tr");

/** The planned policies of some days, whoever planned them. */
async function planned(api, ...days) {
  const { data } = await api.get("/tier-policies");
  return data.filter((policy) => policy.state === "planned" && days.includes(policy.valid_from));
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 200_000 });
    // The languages plan for days of their own.
    const [first, second] = language === "en" ? [day(40), day(41)] : [day(50), day(51)];

    test.describe("the administrator", () => {
      test.use({ who: "admin" });

      test("plans a change, changes the plan and withdraws it", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(422, "/api/v1/tier-policies");
        hygiene.expect(412, "/api/v1/tier-policies");
        const inForce = await api.get("/tiers");
        try {
          await app.open("/admin/tiers");
          await expect(app.panel("tiers.in_force").getByRole("table").locator("tbody tr")).toHaveCount(5);
          await expect(app.panel("tiers.in_force")).toContainText(t(`tier_basis.${inForce.basis}`));
          await app.button("tiers.plan").click();
          let dialog = app.dialog("tiers.plan");
          const threshold = (n) => dialog.locator(`#tier-${n}-threshold`);
          await expect(threshold(0), "the lowest begins at nothing").toBeDisabled();
          await expect(app.field("rate.valid_from", dialog)).toHaveValue(/-01$/);
          await threshold(2).fill("1,200,000");
          await dialog.locator("#tiers-grace").fill("9999");
          await dialog.locator("#tiers-candidates").fill("");
          await app.button("common.save", {}, dialog).click();
          await expect(dialog.locator("#tiers-grace")).toHaveAttribute("aria-invalid", "true");
          await expect(dialog.locator("#tiers-candidates")).toHaveAttribute("aria-invalid", "true");
          await dialog.locator("#tiers-grace").fill("60");
          await dialog.locator("#tiers-candidates").fill("85");
          await app.field("tiers.basis", dialog).selectOption("yearly_average");
          await app.field("rate.valid_from", dialog).fill(day(0));
          await app.button("common.save", {}, dialog).click();
          // What is valid from today on is no plan: the server says so at the day.
          await expect(app.field("rate.valid_from", dialog)).toHaveAttribute("aria-invalid", "true");
          await expect(app.field("rate.valid_from", dialog)).toBeFocused();
          await look(page, language, "tier-plan");
          await app.field("rate.valid_from", dialog).fill(first);
          await app.button("common.save", {}, dialog).click();
          await expect(app.toast(t("tiers.planned"))).toBeVisible();
          await expect(dialog).toHaveCount(0);

          const others = app.panel("tiers.others");
          const line = (from) => others.getByRole("listitem").filter({ hasText: t("tiers.from_day", { day: from }) });
          await expect(line(first)).toContainText(t("tier_policy_state.planned"));
          await expect(line(first)).toContainText(t("tier_basis.yearly_average"));
          await line(first).getByText(t("tiers.in_full"), { exact: true }).click();
          await expect(line(first).getByRole("table")).toContainText("1,200,000.00");
          await expect(line(first)).toContainText(t("tiers.candidates_from", { percent: 85 }));
          await line(first).getByRole("table").scrollIntoViewIfNeeded();
          await look(page, language, "tiers-planned");
          const [plan] = await planned(api, first);
          expect([plan.basis, plan.grace_days, plan.candidate_percent, plan.tiers[2].threshold]).toEqual(["yearly_average", 60, 85, "1200000.0000"]);
          expect(await api.get("/tiers"), "what is in force stays").toEqual(inForce);

          await app.button("tiers.replan_of", { day: first }).click();
          dialog = app.dialog("tiers.replan");
          await expect(threshold(2)).toHaveValue("1,200,000");
          await expect(dialog.locator("#tiers-grace")).toHaveValue("60");
          // A colleague changes the grace period meanwhile.
          const { valid_from, basis, candidate_percent, gem_amount, tiers } = plan;
          await api.change(`/tier-policies/${plan.id}`, { valid_from, basis, candidate_percent, gem_amount, tiers, grace_days: 45 }, "PUT");
          await threshold(2).fill("1,300,000");
          await app.field("rate.valid_from", dialog).fill(second);
          await app.button("common.save", {}, dialog).click();
          await expect(dialog.getByRole("alert").filter({ hasText: t("conflict.form") })).toBeVisible();
          await expect(dialog.locator("#tiers-grace"), "what was not touched is theirs").toHaveValue("45");
          await expect(threshold(2)).toHaveValue("1,300,000");
          await app.button("common.save", {}, dialog).click();
          await expect(dialog).toHaveCount(0);
          await expect(line(second)).toBeVisible();
          await expect(line(first)).toHaveCount(0);
          const [changed] = await planned(api, second);
          expect([changed.id, changed.grace_days, changed.tiers[2].threshold]).toEqual([plan.id, 45, "1300000.0000"]);

          await app.button("tiers.withdraw_of", { day: second }).click();
          dialog = app.dialog("tiers.withdraw");
          await expect(dialog).toContainText(second);
          await look(page, language, "tier-withdraw");
          await app.button("tiers.withdraw", {}, dialog).click();
          await expect(app.toast(t("tiers.withdrawn"))).toBeVisible();
          await expect(line(second)).toHaveCount(0);
          expect(await planned(api, first, second)).toEqual([]);
        } finally {
          for (const { id } of await planned(api, first, second)) await api.change(`/tier-policies/${id}`, undefined, "DELETE");
        }
      });

      test("tries thresholds, and plans what was tried", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(422, "/api/v1/tiers/simulation");
        const before = await api.get("/tiers");
        await app.open("/admin/tiers");
        const panel = app.panel("simulation.title");
        const figure = (n) => panel.locator(`#simulated-${n}`);
        await expect(figure(2)).toHaveValue(grouped(before.tiers[2].threshold));
        await figure(2).fill("a lot");
        await app.button("simulation.action", {}, panel).click();
        await expect(figure(2)).toHaveAttribute("aria-invalid", "true");
        await figure(2).fill("50000");
        await app.button("simulation.action", {}, panel).click();
        // Platinum below gold: the server says at which threshold.
        await expect(figure(2)).toHaveAttribute("aria-invalid", "true");
        await figure(2).fill("600,000");
        await app.button("simulation.action", {}, panel).click();
        const [tiers, moves] = [panel.getByRole("table").nth(0), panel.getByRole("table").nth(1)];
        await expect(tiers.locator("tbody tr")).toHaveCount(5);
        await expect(tiers.getByRole("row").filter({ hasText: t("tier.platinum") })).toContainText(language === "en" ? "600K" : "60万");
        await expect(moves).toContainText(t("simulation.up"));
        await expect(panel.getByRole("note"), "it says by what it was tried").toContainText(t(`tier_basis.${before.basis}`));
        await expect(panel.getByRole("link"), "whoever sees no assets is led to no list").toHaveCount(0);
        await moves.scrollIntoViewIfNeeded();
        await look(page, language, "simulation");
        expect(await api.get("/tiers"), "nothing was changed").toEqual(before);

        await app.button("simulation.plan", {}, panel).click();
        await expect(app.dialog("tiers.plan").locator("#tier-2-threshold")).toHaveValue("600,000");
        await page.keyboard.press("Escape");
        await app.button("simulation.reset", {}, panel).click();
        await expect(figure(2)).toHaveValue(grouped(before.tiers[2].threshold));
      });

      test("has no list of customers by their assets", async ({ page, app, t }) => {
        await app.open("/customers");
        await expect(page.getByRole("link", { name: t("nav.tier_watch"), exact: true })).toHaveCount(0);
        await app.go("/customers/tiers");
        await expect(page.getByRole("heading", { level: 1, name: t("missing.title") })).toBeVisible();
      });
    });

    test.describe("the manager of a branch", () => {
      test.use({ who: "branch_manager" });

      test("tries thresholds, and every move opens its customers", async ({ page, app, t }) => {
        await app.open("/admin/tiers");
        await expect(app.button("tiers.plan")).toHaveCount(0);
        await expect(app.button("tiers.edit")).toHaveCount(0);
        const panel = app.panel("simulation.title");
        await panel.locator("#simulated-1").fill("150,000");
        await panel.locator("#simulated-2").fill("800,000");
        await app.button("simulation.action", {}, panel).click();
        const moves = panel.getByRole("table").nth(1).locator("tbody tr");
        await expect(moves.filter({ hasText: t("simulation.down") }).first()).toBeVisible();
        await expect(moves.filter({ hasText: t("simulation.up") }).first()).toBeVisible();
        await expect(app.button("simulation.plan", {}, panel)).toHaveCount(0);
        await moves.last().scrollIntoViewIfNeeded();
        await look(page, language, "simulation-lists");
        const count = Number((await moves.first().getByRole("cell").first().textContent()).replace(/\D/g, ""));
        await moves.first().getByRole("link").click();
        await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
        // The filter stands in words, each part of which can be changed.
        await expect(page.getByRole("button", { name: new RegExp(`^${t("field.average_aum")} ${t("filter.lt")}`) })).toBeVisible();
        await expect(rows(page)).toHaveCount(Math.min(count, 50));
      });
    });

    test("a relationship manager works the lists", async ({ page, app, api, t }) => {
      await app.open("/customers");
      await page.getByRole("link", { name: t("nav.tier_watch"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("nav.tier_watch") })).toBeVisible();
      for (const each of LISTS) {
        await page.getByRole("tab", { name: t(`tier_watch.${each.list}`), exact: true }).click();
        await expect(page).toHaveURL(new RegExp(`/customers/tiers\\?list=${each.list}$`));
        const { data } = await api.get(listed(each));
        expect(data.length, each.list).toBeGreaterThan(0);
        await expect(rows(page)).toHaveCount(data.length);
        await expect(rows(page).first()).toContainText(data[0].name);
        await expect(page.getByRole("columnheader", { name: new RegExp(`^${t(each.matters)}`) }).first()).toBeVisible();
        const { promotion, demotes_on, gem } = data[0].standing;
        const said = { candidates: promotion?.missing.amount, demotions: demotes_on, gems: gem?.amount.amount }[each.list];
        await expect(rows(page).first()).toContainText(each.list === "demotions" ? said : grouped(said));
        await page.reload();
        await expect(page.getByRole("tab", { name: t(`tier_watch.${each.list}`), exact: true })).toHaveAttribute("aria-selected", "true");
        await expect(rows(page)).toHaveCount(data.length);
        await look(page, language, `watch-${each.list}`);

        await page.getByRole("link", { name: t("tier_watch.open"), exact: true }).click();
        await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();
        await expect(rows(page)).toHaveCount(data.length);
        await expect(rows(page).first()).toContainText(data[0].name);
        await expect(page.getByRole("columnheader", { name: new RegExp(`^${t(each.matters)}`) })).toHaveAttribute("aria-sort", each.sort.startsWith("-") ? "descending" : "ascending");
        if (each.list === "gems") await look(page, language, "customers-watched");
        await page.goBack();

        // The customer's page says the same, and the way goes on to the next of the list.
        await rows(page).first().getByRole("link").click();
        await expect(page.getByRole("heading", { level: 1 })).toContainText(data[0].name);
        const notes = page.getByRole("note");
        if (promotion) await expect(notes.filter({ hasText: grouped(promotion.missing.amount) })).toContainText(t(`tier.${promotion.tier}`));
        if (demotes_on) await expect(notes.filter({ hasText: demotes_on })).toBeVisible();
        if (gem) await expect(notes.filter({ hasText: grouped(gem.amount.amount) })).toBeVisible();
        await expect(page.getByText(t("customer.place", { place: 1, count: data.length }))).toBeVisible();
        await look(page, language, `customer-${each.list}`);
        await page.goBack();
      }
    });

    test("a customer's tier history says what decided", async ({ page, app, api, t }) => {
      const customer = await api.newPerson({});
      const products = await api.get(`/products?filter=${encodeURIComponent('code eq "dd"')}`);
      await api.create(`/customers/${customer.id}/holdings`, { product_id: products.data[0].id, currency: "CNY", amount: "1020000", opened_on: day(0) });
      await app.open(`/customers/${customer.id}?tab=holdings`);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("tier.platinum"));
      await expect(app.panel("holdings.tier_history")).toContainText(t("holdings.tier_reached", { average: "1,020,000", threshold: "1,000,000" }));
      await expect(page.getByText(t("field.average_aum"), { exact: false }).first()).toBeVisible();
      await look(page, language, "tier-history");
    });

    test("the lists by keyboard alone, empty, and out of reach", async ({ page, app, t, hygiene }) => {
      const keys = new Keyboard(page);
      await app.open("/customers");
      await keys.press("Control+k");
      await keys.type(t("nav.tier_watch"));
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: t("nav.tier_watch") })).toBeVisible();
      await keys.to(page.getByRole("tab", { name: t("tier_watch.candidates"), exact: true }));
      await keys.press("ArrowRight");
      await expect(page).toHaveURL(/list=demotions$/);
      await keys.to(rows(page).first().getByRole("link"));
      await keys.press("Enter");
      await expect(page).toHaveURL(/\/customers\/[0-9a-f-]{36}$/);

      await page.route(/\/api\/v1\/customers\?.*hidden_gem/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...(await response.json()), data: [] } });
      });
      await app.go("/customers/tiers?list=gems");
      await expect(page.getByRole("heading", { name: t("tier_watch.gems_none") })).toBeVisible();
      await look(page, language, "watch-none");
      hygiene.expect(503, "/api/v1/customers");
      await page.route(/\/api\/v1\/customers\?.*in_grace/, (route) =>
        route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }),
      );
      await app.open("/customers/tiers?list=demotions");
      await expect(page.getByRole("heading", { name: t("tier_watch.failed") })).toBeVisible();
      await page.unroute(/\/api\/v1\/customers\?.*in_grace/);
      await app.button("common.retry").click();
      await expect(rows(page).first()).toBeVisible();
    });

    test.describe("a teller", () => {
      test.use({ who: "teller" });

      test("reads the tiers and tries nothing", async ({ page, app, t }) => {
        await app.open("/admin/tiers");
        await expect(app.panel("tiers.in_force").getByRole("table")).toBeVisible();
        await expect(app.panel("tiers.others")).toBeVisible();
        await expect(app.panel("simulation.title")).toHaveCount(0);
        await expect(page.getByRole("link", { name: t("nav.tier_watch"), exact: true })).toHaveCount(0);
        const teller = await Api.as("teller");
        const tiers = (await teller.get("/tiers")).tiers.map(({ tier, threshold }) => ({ tier, threshold }));
        await expect(teller.send("POST", "/tiers/simulation", { tiers })).rejects.toThrow("403");
      });
    });
  });
}
