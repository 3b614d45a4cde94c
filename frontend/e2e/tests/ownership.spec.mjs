// Ownership: what is missing, team rules, who was responsible and signs, and a book that is handed over.
import { Api } from "../support/api.mjs";
import { day } from "../support/dates.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 240_000 });

    test.describe("the head of an outlet", () => {
      test.use({ who: "outlet_head" });

      test("sees what is missing, narrows it and completes a team", async ({ page, app, t, api }) => {
        await app.open("/ownership");
        await expect(rows(page)).not.toHaveCount(0);
        await look(page, language, "ownership-gaps");
        await app.field("ownership.kind").selectOption("incomplete eq true");
        await expect(rows(page)).not.toHaveCount(0);
        const complete = app.button("ownership.complete").first();
        await complete.click();
        await expect(app.toast(t("team.saved"))).toBeVisible();
        const open = await api.get("/care-gaps?filter=unsigned%20eq%20true");
        await app.field("ownership.kind").selectOption("unsigned eq true");
        await expect(rows(page)).toHaveCount(Math.min(open.data.length, 50));
      });
    });

    test.describe("the branch manager", () => {
      test.use({ who: "branch_manager" });

      test("proposes a handover that is declined, then one that is accepted and carried out", async ({ page, app, t, api }) => {
        const rm = await Api.as("rm");
        const colleagues = (await api.get("/users?filter=role%20eq%20%22rm%22")).data.filter(({ id }) => id !== rm.me.id);
        const from = colleagues[0];
        // One customer of the colleague's is enough, whatever the book of the demo is.
        const customer = await api.newPerson({ org_unit_id: from.org_unit.id, owner_id: from.id, status: "active", city: `城${Date.now()}` });
        await app.open("/ownership?tab=handovers");
        await app.button("handover.new").click();
        const dialog = app.dialog("handover.new");
        await app.button("handover.propose", {}, dialog).click();
        await expect(dialog.locator("#handover-from")).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "handover-new");
        await page.keyboard.press("Escape");

        const filter = `city eq "${customer.city}"`;
        const propose = () =>
          api.create("/handovers", {
            from_user_id: from.id, to: [{ user_id: rm.me.id, filter }], reason: "moves", effective_on: day(0), note: "轮岗",
          });
        const declined = await propose();
        await rm.change(`/handovers/${declined.id}`, { accepts: false, reason: "太多" }, "POST", "/acceptance");
        await app.open(`/handovers/${declined.id}`);
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("handover_state.declined"));
        await expect(page.getByText("太多")).toBeVisible();

        const accepted = await propose();
        await app.open(`/handovers/${accepted.id}`);
        await expect(page.locator(".sheet__line")).toHaveCount(1);
        await expect(page.locator(".sheet__line")).toContainText(customer.name);
        await look(page, language, "handover");
        await rm.change(`/handovers/${accepted.id}`, { accepts: true }, "POST", "/acceptance");
        await expect.poll(async () => (await api.get(`/handovers/${accepted.id}`)).state).toBe("done");
        await app.open("/ownership?tab=handovers");
        await expect(rows(page)).not.toHaveCount(0);
        await look(page, language, "handovers");
        await app.open(`/customers/${customer.id}?tab=history`);
        const record = app.panel("ownership.record");
        await expect(record.getByRole("listitem")).toHaveCount(2);
        await expect(record).toContainText(t("ownership_how.handover"));

        await api.change(`/customers/${customer.id}`, { status: "lost" });
        await app.open("/ownership?tab=losses");
        await expect(rows(page).filter({ hasText: customer.name })).toContainText(rm.me.display_name);
        await look(page, language, "ownership-losses");
      });
    });

    test.describe("the relationship manager", () => {
      test.use({ who: "rm" });

      test("accepts a handover and signs for a customer", async ({ page, app, t, api }) => {
        const head = await Api.as("branch_manager");
        const customer = await head.newPerson({ org_unit_id: api.me.org_unit.id, owner_id: api.me.id, status: "active" });
        await app.open(`/customers/${customer.id}?tab=history`);
        const record = app.panel("ownership.record");
        await app.button("ownership.sign", {}, record).click();
        await expect(app.toast(t("ownership.signed"))).toBeVisible();
        await expect(record.getByRole("button")).toHaveCount(0);

        const others = (await head.get("/users?filter=role%20eq%20%22rm%22")).data.filter(({ id }) => id !== api.me.id);
        const city = `镇${Date.now()}`;
        await head.newPerson({ org_unit_id: others[0].org_unit.id, owner_id: others[0].id, status: "active", city });
        const proposed = await head.create("/handovers", {
          from_user_id: others[0].id, to: [{ user_id: api.me.id, filter: `city eq "${city}"` }], reason: "absence", effective_on: day(3),
        });
        await app.open(`/handovers/${proposed.id}`);
        await app.button("handover.accept").click();
        await expect(app.toast(t("handover.saved"))).toBeVisible();
        await expect(app.button("handover.accept")).toHaveCount(0);
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("handover_state.accepted"));
      });
    });

    test.describe("the administrator", () => {
      test.use({ who: "admin" });

      test("sets which roles look after a tier", async ({ page, app, t, api }) => {
        const before = await api.get("/team-rules");
        await app.open("/ownership");
        const gold = page.getByRole("group").filter({ hasText: t("tier.gold") }).first();
        await look(page, language, "team-rules");
        const box = gold.getByRole("checkbox", { name: t("team_role.deputy_manager") });
        await box.setChecked(!(await box.isChecked()));
        await app.button("common.save", {}, app.panel("ownership.rules")).click();
        await expect(app.toast(t("ownership.rules_saved"))).toBeVisible();
        const { etag } = await api.send("GET", "/team-rules");
        await api.send("PUT", "/team-rules", { rules: before.rules }, { "if-match": etag });
      });
    });
  });
}
