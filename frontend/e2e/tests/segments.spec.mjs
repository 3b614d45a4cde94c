// Segments: schemes and their rules, who is in which of them, why, and what a person decides instead.
import { randomInt } from "node:crypto";

import { Api } from "../support/api.mjs";
import { day } from "../support/dates.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { look, pressEscape } from "../support/look.mjs";
import { unavailable } from "../support/problems.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES, escaped } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");
const listed = (field, code) => `/customers?filter=${encodeURIComponent(`${field} has "${code}"`)}`;

for (const language of LANGUAGES) {
  const called = (named) => named.name[language];

  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 240_000 });

    test.describe("the administrator", () => {
      test.use({ who: "admin" });

      test("makes a scheme and a segment from conditions, changes it and takes it out of use", async ({ page, app, t, api, hygiene }) => {
        hygiene.expect(422, "/api/v1/segments/preview");
        hygiene.expect(412, "/api/v1/segments/");
        const mark = `${language === "en" ? "en" : "zh"}_${randomInt(1e6)}`;
        const names = { zh: `活跃客户${mark}`, en: `Active ${mark}` };
        const name = language === "en" ? names.en : names.zh;
        let scheme = null;
        try {
          await app.open("/segments");
          await expect(page.getByRole("region")).not.toHaveCount(0);
          await look(page, language, "segments-admin");

          await app.button("segments.new_scheme").click();
          let dialog = app.dialog("segments.new_scheme");
          await app.button("common.save", {}, dialog).click();
          await expect(app.field("segments.code", dialog)).toHaveAttribute("aria-invalid", "true");
          await app.field("segments.code", dialog).fill(`s_${mark}`);
          await app.field("unit.name_zh", dialog).fill(`试验方案${mark}`);
          await app.field("unit.name_en", dialog).fill(`Trial ${mark}`);
          await app.button("common.save", {}, dialog).click();
          await expect(app.toast(t("segments.scheme_saved"))).toBeVisible();
          scheme = (await api.get("/segment-schemes")).schemes.find(({ code }) => code === `s_${mark}`);
          const panel = page.getByRole("region", { name: called(scheme), exact: true });
          await expect(panel).toContainText(t("segments.for_all"));
          await expect(panel).toContainText(t("segments.none"));

          await app.button("segments.new", {}, panel).click();
          dialog = app.dialog("segments.new");
          const [code, field, op, value] = [
            app.field("segments.code", dialog),
            (n) => dialog.locator(`#rule-${n}-field`),
            (n) => dialog.locator(`#rule-${n}-op`),
            (n) => dialog.locator(`#rule-${n}-value`),
          ];
          await code.fill(`t_${mark}`);
          await app.field("unit.name_zh", dialog).fill(names.zh);
          await app.field("unit.name_en", dialog).fill(names.en);
          await app.button("common.save", {}, dialog).click();
          await expect(value(1), "what is missing is marked").toHaveAttribute("aria-invalid", "true");
          await value(1).fill("thirty");
          await expect(dialog).toContainText(t("check.number"));
          await value(1).fill("30");
          const status = dialog.getByRole("status");
          const count = /\d[\d,]*/;
          await expect(status).toContainText(count);
          const before = Number((await status.textContent()).match(count)[0].replace(/,/g, ""));
          expect(before).toBeGreaterThan(10);

          // And either a woman or somebody with funds.
          await app.button("rule.add_group", {}, dialog).click();
          await field(2).selectOption("gender");
          await dialog.getByRole("checkbox", { name: t("gender.female"), exact: true }).check();
          const inner = dialog.getByRole("group", { name: t("rule.group"), exact: true }).nth(1);
          await app.button("rule.add", {}, inner).click();
          await field(3).selectOption("product_kinds");
          await expect(op(3)).toHaveValue("has");
          await value(3).selectOption("fund");
          await expect(status).toContainText(count);
          await look(page, language, "segment-rule");
          await app.button("rule.as_text", {}, dialog).click();
          const text = dialog.locator("#rule-text");
          await expect(text).toHaveValue('age ge 30 and (gender in ("female") or product_kinds has "fund")');
          await text.fill("age ge 30 and colour eq 1");
          await expect(text, "what the server finds wrong stands at the rule").toHaveAttribute("aria-invalid", "true");
          await expect(app.button("rule.as_tree", {}, dialog)).toHaveCount(0);
          await text.fill('age ge 30 and (gender in ("female") or product_kinds has "fund") and not occupation in ("学生")');
          await app.button("rule.as_tree", {}, dialog).click();
          await expect(op(4)).toHaveValue("not_in");
          await expect(value(4)).toHaveValue("学生");
          await app.button("rule.drop", { n: 4 }, dialog).click();
          await expect(field(4)).toHaveCount(0);
          await expect(field(3)).toBeFocused();
          await dialog.locator("#segment-contribution").selectOption("high");
          await dialog.locator("#segment-cadence").fill("14");
          await dialog.getByRole("group", { name: t("segments.prefers_long") }).getByRole("checkbox", { name: t("product_kind.fund"), exact: true }).check();
          await expect(dialog).toContainText(t("segment_priority.first"));
          await app.button("common.save", {}, dialog).click();
          await expect(dialog).toHaveCount(0);
          const line = panel.getByRole("listitem").filter({ has: page.getByRole("heading", { name, exact: true }) });
          await expect(line).toContainText(t("segments.priority_of", { priority: t("segment_priority.first") }));
          await expect(line).toContainText(t("rule.product_kinds"));
          await expect(line, "nobody who runs the system sees figures of customers").not.toContainText(t("segments.assets", { amount: "" }).trim());
          const find = async () => (await api.get("/segment-schemes")).schemes.flatMap(({ segments }) => segments).find(({ code }) => code === `t_${mark}`);
          const made = await find();
          expect([made.rule, made.cadence_days, made.product_preferences]).toEqual([
            'age ge 30 and (gender in ("female") or product_kinds has "fund")', 14, ["fund"],
          ]);
          await look(page, language, "segment-made");

          // A colleague changes the cadence meanwhile.
          const menu = () => app.button("segments.menu", { name }, line);
          await menu().click();
          await app.menuItem("segments.edit").click();
          dialog = app.dialog("segments.edit");
          await expect(dialog.locator("#rule-1-value")).toHaveValue("30");
          const { id, scheme_id, priority, version, updated_at, archived_at, ...definition } = made;
          await api.change(`/segments/${id}`, { ...definition, cadence_days: 21 }, "PUT");
          await dialog.locator("#rule-1-value").fill("40");
          await app.button("common.save", {}, dialog).click();
          await expect(dialog.getByRole("alert").filter({ hasText: t("conflict.form") })).toBeVisible();
          await expect(dialog.locator("#segment-cadence"), "what was not touched is theirs").toHaveValue("21");
          await expect(dialog.locator("#rule-1-value")).toHaveValue("40");
          await app.button("common.save", {}, dialog).click();
          await expect(dialog).toHaveCount(0);
          const changed = await find();
          expect([changed.cadence_days, changed.rule.slice(0, 9)]).toEqual([21, "age ge 40"]);

          await menu().click();
          await app.menuItem("segments.archive").click();
          dialog = app.dialog("segments.archive");
          await expect(dialog).toContainText(name);
          await app.button("segments.archive", {}, dialog).click();
          await expect(app.toast(t("segments.archived", { name }))).toBeVisible();
          await panel.getByText(t("segments.archived_count", { count: 1 }), { exact: true }).click();
          await menu().click();
          await app.menuItem("segments.restore").click();
          await expect(app.toast(t("segments.restored", { name }))).toBeVisible();
          await expect(panel.locator("details")).toHaveCount(0);

          await app.button("segments.menu", { name: called(scheme) }, panel).click();
          await app.menuItem("segments.archive_scheme").click();
          dialog = app.dialog("segments.archive_scheme");
          await app.button("segments.archive_scheme", {}, dialog).click();
          await expect(panel).toHaveCount(0);
          scheme = null;
        } finally {
          if (scheme) await api.change(`/segment-schemes/${scheme.id}`, undefined, "POST", "/archive");
        }
      });
    });

    test("a relationship manager reads the segments, and follows them to their customers", async ({ page, app, api, t }) => {
      await app.open("/customers");
      await page.getByRole("link", { name: t("nav.segments"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("nav.segments") })).toBeVisible();
      const { schemes } = await api.get("/segment-schemes");
      const report = await api.get("/reports/segments");
      const attitude = schemes.find(({ code }) => code === "attitude");
      const panel = page.getByRole("region", { name: called(attitude), exact: true });
      await expect(panel).toContainText(t("rule.familiar"));
      await expect(app.button("segments.new_scheme")).toHaveCount(0);
      await expect(app.button("segments.try"), "rules are tried by those who lead").toHaveCount(0);
      await look(page, language, "segments");

      const share = report.segments.find(({ segment_id, customers }) => customers > 1 && attitude.segments.some(({ id }) => id === segment_id));
      const segment = attitude.segments.find(({ id }) => id === share.segment_id);
      await panel.getByRole("link", { name: new RegExp(`^${escaped(called(segment))}: `) }).click();
      await expect(page).toHaveURL(new RegExp(escaped(encodeURIComponent(`segment has "${segment.code}"`))));
      await expect(rows(page)).toHaveCount(Math.min(share.customers, 50));
      // The filter stands in words, and can be changed.
      await expect(page.getByRole("button", { name: new RegExp(`^${t("field.segment")} ${t("filter.in")}\\s*${escaped(called(segment))}$`) })).toBeVisible();
      await look(page, language, "customers-of-segment");
      await page.goBack();
      const unplaced = report.unplaced.find(({ scheme_id, customers }) => customers && scheme_id === attitude.id);
      if (unplaced) {
        await panel.getByRole("link", { name: t("segments.unplaced", { count: unplaced.customers }), exact: true }).click();
        await expect(rows(page)).toHaveCount(Math.min(unplaced.customers, 50));
      }
    });

    test("a relationship manager reads why, decides otherwise, and goes back to the rule", async ({ page, app, api, t }) => {
      const { schemes } = await api.get("/segment-schemes");
      const group = schemes.find(({ code }) => code === "group");
      const of = (code) => group.segments.find((segment) => segment.code === code);
      const person = await api.newPerson({ occupation: "退休", birth_year: 1955 });
      // The rules are asked of whoever is new within moments.
      await expect.poll(async () => (await api.get(`/customers/${person.id}/segments`)).schemes.find(({ scheme }) => scheme.code === "group")?.segment?.code, { timeout: 30_000 }).toBe("retiree");
      await app.open(`/customers/${person.id}`);
      await page.getByRole("tab", { name: t("customer.segments"), exact: true }).click();
      const panel = page.getByRole("region", { name: called(group), exact: true });
      await expect(panel).toContainText(called(of("retiree")));
      await expect(panel).toContainText(t("segment_source.rule"));
      const why = panel.getByRole("listitem");
      await expect(why).toHaveCount(2);
      await expect(why.first()).toContainText(t("rule.age"));
      await expect(why.first()).toContainText(t("customer_segments.holds"));
      await expect(why.nth(1)).toContainText(t("customer_segments.here", { value: "退休" }));
      await expect(page.getByRole("region", { name: called(schemes.find(({ code }) => code === "attitude")), exact: true })).toContainText(t("customer_segments.not_for"));
      await look(page, language, "customer-segments");

      await app.button("customer_segments.decide_in", { name: called(group) }, panel).click();
      let dialog = app.dialog("customer_segments.decide");
      await dialog.locator("#decision-segment").selectOption(of("landlord").id);
      await app.button("common.save", {}, dialog).click();
      await expect(app.field("customer_segments.reason", dialog), "without a reason nothing is decided").toHaveAttribute("aria-invalid", "true");
      await app.field("customer_segments.reason", dialog).fill("有三套房出租");
      await app.field("customer_segments.until_label", dialog).fill(day(30));
      await look(page, language, "segment-decision");
      await app.button("common.save", {}, dialog).click();
      await expect(app.toast(t("customer_segments.decided"))).toBeVisible();
      await expect(panel).toContainText(called(of("landlord")));
      await expect(panel).toContainText(t("segment_source.override"));
      await expect(panel).toContainText("有三套房出租");
      await expect(panel).toContainText(day(30));
      await expect(panel).toContainText(api.me.display_name);
      await expect(panel).toContainText(called(of("retiree")));
      await look(page, language, "customer-segments-decided");

      await app.button("customer_segments.redecide_in", { name: called(group) }, panel).click();
      dialog = app.dialog("customer_segments.redecide");
      await expect(app.field("customer_segments.reason", dialog)).toHaveValue("有三套房出租");
      await dialog.locator("#decision-segment").selectOption("");
      await app.button("common.save", {}, dialog).click();
      await expect(panel).toContainText(t("customer_segments.none"));

      await app.button("customer_segments.back_in", { name: called(group) }, panel).click();
      await expect(app.toast(t("customer_segments.is_back"))).toBeVisible();
      await expect(panel).toContainText(called(of("retiree")));
      await expect(panel).toContainText(t("segment_source.rule"));
      const auditor = await Api.as("auditor");
      const { data } = await auditor.get(`/audit-entries?filter=${encodeURIComponent(`resource_type eq "customer_segment" and resource_id eq "${person.id}"`)}`);
      expect(data.map(({ action }) => action.split(".").at(-1)).sort()).toEqual(["overridden", "overridden", "restored"]);
    });

    test("by keyboard alone, and out of reach", async ({ page, app, t, hygiene }) => {
      const keys = new Keyboard(page);
      await app.open("/customers");
      await keys.press("Control+k");
      await keys.type(t("nav.segments"));
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: t("nav.segments") })).toBeVisible();
      await keys.to(page.locator(".cohort a").first());
      await keys.press("Enter");
      await expect(page).toHaveURL(/\/customers\?filter=segment/);

      hygiene.expect(503, "/api/v1/segment-schemes");
      await page.route(/\/api\/v1\/segment-schemes/, (route) =>
        route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }),
      );
      await app.open("/segments");
      await expect(page.getByRole("heading", { name: t("segments.failed") })).toBeVisible();
      await page.unroute(/\/api\/v1\/segment-schemes/);
      await app.button("common.retry").click();
      await expect(page.locator(".cohort").first()).toBeVisible();
    });

    test.describe("the head of an outlet", () => {
      test.use({ who: "outlet_head" });

      test("tries a rule on the customers of the outlet", async ({ page, app, t }) => {
        await app.open("/segments");
        await app.button("segments.try").click();
        const dialog = app.dialog("segments.try");
        await expect(dialog).toContainText(t("rule.incomplete"));
        await dialog.locator("#rule-1-field").selectOption("aum");
        await dialog.locator("#rule-1-value").fill("100,000");
        await expect(dialog.getByRole("status")).toContainText(/\d/);
        await dialog.getByText(t("rule.preview_first"), { exact: true }).click();
        await expect(dialog.getByRole("link").first()).toBeVisible();
        expect(await dialog.locator(".rule__sample a").count()).toBeLessThanOrEqual(20);
        await look(page, language, "rule-tried");
        await pressEscape(page);
      });
    });

    test.describe("a teller", () => {
      test.use({ who: "teller" });

      test("reads the segments, and no figures", async ({ page, app, api, t }) => {
        await app.open("/segments");
        await expect(page.locator(".cohort").first()).toBeVisible();
        await expect(page.locator(".cohort a")).toHaveCount(0);
        const { data } = await api.get("/customers?limit=1");
        await app.open(`/customers/${data[0].id}?tab=segments`);
        await expect(page.getByRole("tab", { name: t("customer.segments"), exact: true })).toHaveCount(0);
        await expect(api.get(listed("segment", "retiree"))).rejects.toThrow("403");
      });
    });
  });
}
