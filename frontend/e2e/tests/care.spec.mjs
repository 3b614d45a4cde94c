// Who looks after customers meanwhile, what is to be reached with them, when their leaders visit them, and who falls back into the pool.
import { Api } from "../support/api.mjs";
import { day } from "../support/dates.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").first().locator("tbody tr");

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 240_000 });

    test.describe("the relationship manager", () => {
      test.use({ who: "rm" });

      test("arranges who stands in, changes it and calls it off", async ({ page, app, t, api }) => {
        const first = language === "en" ? 120 : 150;
        await app.open("/ownership?tab=stand_ins");
        await app.button("stand_in.new").click();
        const dialog = app.dialog("stand_in.new");
        await app.button("stand_in.arrange", {}, dialog).click();
        await expect(dialog.locator("#stand-in-who")).toHaveAttribute("aria-invalid", "true");
        await dialog.locator("#stand-in-who").selectOption({ index: 1 });
        await dialog.locator("#stand-in-from").fill(day(first + 3));
        await dialog.locator("#stand-in-until").fill(day(first));
        await app.button("stand_in.arrange", {}, dialog).click();
        await expect(dialog.locator("#stand-in-until")).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "stand-in-new");
        await dialog.locator("#stand-in-from").fill(day(first));
        await dialog.locator("#stand-in-until").fill(day(first + 3));
        await app.button("stand_in.arrange", {}, dialog).click();
        await expect(app.toast(t("stand_in.arranged"))).toBeVisible();
        const row = rows(page).filter({ hasText: day(first) });
        await expect(row).toContainText(api.me.display_name);
        await expect(row).toContainText(t("stand_in_state.planned"));
        await look(page, language, "stand-ins");

        await app.button("stand_in.change", {}, row).click();
        const change = page.getByRole("dialog");
        await change.locator("#stand-in-until").fill(day(first + 5));
        await app.button("common.save", {}, change).click();
        await expect(app.toast(t("stand_in.changed"))).toBeVisible();
        await expect(row).toContainText(day(first + 5));
        await app.button("stand_in.end", {}, row).click();
        await app.button("stand_in.end", {}, page.getByRole("dialog")).click();
        await expect(app.toast(t("stand_in.ended"))).toBeVisible();
        await expect(row).toContainText(t("stand_in_state.cancelled"));
      });

      test("finds the work of a colleague who is away in the list of the day", async ({ page, app, t, api }) => {
        const head = await Api.as("branch_manager");
        const others = (await head.get("/users?filter=role%20eq%20%22rm%22")).data;
        const away = others.find(({ id }) => id !== api.me.id);
        const customer = await head.newPerson({ org_unit_id: away.org_unit.id, owner_id: away.id, status: "active" });
        const title = `代班${Date.now()}`;
        await head.create("/tasks", { title, customer_id: customer.id, assignee_id: away.id, due_on: day(0) });
        const stand_in = await head.create("/stand-ins", {
          absent_user_id: away.id, stand_in_user_id: api.me.id, reason: "sickness", from: day(0), until: day(0),
        });
        try {
          await app.open("/");
          const line = page.locator(".today__line").filter({ hasText: title });
          await expect(line).toContainText(away.display_name);
          await app.open(`/customers/${customer.id}?tab=history`);
          await expect(app.panel("ownership.record")).toContainText(
            t("stand_in.now", { name: away.display_name, day: day(0), other: api.me.display_name }),
          );
          await look(page, language, "stand-in-customer");
        } finally {
          await head.change(`/stand-ins/${stand_in.id}`, undefined, "POST", "/end");
        }
      });

      test("plans the care of a customer step by step", async ({ page, app, t, api }) => {
        const head = await Api.as("branch_manager");
        const customer = await head.newPerson({ org_unit_id: api.me.org_unit.id, owner_id: api.me.id, status: "active" });
        await app.open(`/customers/${customer.id}?tab=care`);
        await app.button("plan.new").click();
        const dialog = app.dialog("plan.new");
        await app.button("plan.begin", {}, dialog).click();
        await expect(dialog.locator("#plan-goal")).toHaveAttribute("aria-invalid", "true");
        await dialog.locator("#plan-goal").fill("两年内完成养老规划");
        await dialog.locator("#step-0").fill("了解家庭资产");
        await app.button("plan.add_step", {}, dialog).click();
        await dialog.locator("#step-1").fill("提交配置方案");
        await dialog.locator("#step-due-1").fill(day(14));
        await look(page, language, "plan-new");
        await app.button("plan.begin", {}, dialog).click();
        await expect(app.toast(t("plan.saved"))).toBeVisible();
        const panel = app.panel("plan.one");
        await expect(panel.getByRole("listitem")).toHaveCount(2);
        await app.button("tasks.complete", {}, panel.getByRole("listitem").first()).click();
        await expect(panel.getByRole("listitem").first()).toContainText(t("plan.step_done", { day: day(0) }));
        await look(page, language, "plan");
        await app.open("/ownership?tab=plans");
        await expect(rows(page)).not.toHaveCount(0);
        await look(page, language, "plans");

        await app.open(`/customers/${customer.id}?tab=care`);
        await app.button("plan.end").click();
        const end = app.dialog("plan.end");
        await app.button("plan.end", {}, end).click();
        await expect(app.toast(t("plan.saved"))).toBeVisible();
        await expect(app.button("plan.new")).toBeVisible();
        const past = (await api.get(`/care-plans?filter=${encodeURIComponent(`customer_id eq "${customer.id}" and state ne null`)}`)).data;
        expect(past.map(({ state, steps }) => [state, steps.length])).toEqual([["achieved", 1]]);
      });

      test("takes a customer from the pool", async ({ page, app, t, api }) => {
        await app.open("/ownership?tab=pool");
        await expect(rows(page)).not.toHaveCount(0);
        await look(page, language, "pool");
        await app.button("pool.take").first().click();
        await expect(page).toHaveURL(/\/customers\/[0-9a-f-]{36}/);
        const id = page.url().match(/customers\/([0-9a-f-]{36})/)[1];
        await expect.poll(async () => (await api.get(`/customers/${id}`)).owner?.id).toBe(api.me.id);
      });
    });

    test.describe("the branch manager", () => {
      test.use({ who: "branch_manager" });

      test("sees which visits are due and plans one", async ({ page, app, t, api }) => {
        const own = await api.get(`/leader-visits?limit=50&filter=${encodeURIComponent(`leader_id eq "${api.me.id}"`)}`);
        expect(own.data.length).toBeGreaterThan(0);
        await app.open("/ownership?tab=visits");
        await expect(rows(page)).toHaveCount(own.data.length);
        await look(page, language, "visits");
        const unplanned = own.data.find(({ planned_on }) => !planned_on);
        const row = rows(page).filter({ has: page.locator(`a[href$="${unplanned.customer.id}"]`) });
        await app.button("visit.plan", {}, row).click();
        const dialog = page.getByRole("dialog");
        await dialog.locator("#visit-on").fill(day(2));
        await app.button("visit.plan", {}, dialog).click();
        await expect(app.toast(t("visit.was_planned"))).toBeVisible();
        await expect(row).toContainText(day(2));
        await app.field("ownership.kind").selectOption("arrears");
        const late = await api.get(`/leader-visits?limit=50&filter=${encodeURIComponent(`due_on lt "${day(0)}"`)}`);
        if (late.data.length > 0) {
          await expect(rows(page)).toHaveCount(late.data.length);
        }
      });
    });

    test.describe("the administrator", () => {
      test.use({ who: "admin" });

      test("sets the rules of the pool", async ({ page, app, t, api }) => {
        const before = await api.get("/pool-policy");
        await app.open("/ownership");
        const panel = app.panel("pool.rules");
        await panel.locator("#pool-notice").fill("0");
        await app.button("common.save", {}, panel).click();
        await expect(panel.locator("#pool-notice")).toHaveAttribute("aria-invalid", "true");
        await panel.locator("#pool-notice").fill("21");
        await panel.locator("#pool-gold").fill("400");
        await app.button("common.save", {}, panel).click();
        await expect(app.toast(t("pool.rules_saved"))).toBeVisible();
        await look(page, language, "pool-rules");
        const { etag, body } = await api.send("GET", "/pool-policy");
        expect(body.rules).toContainEqual({ tier: "gold", days: 400 });
        const { rules, notice_days, claims_per_day, hold_days } = before;
        await api.send("PUT", "/pool-policy", { rules, notice_days, claims_per_day, hold_days }, { "if-match": etag });
      });
    });
  });
}
