// Every screen in every state, in both languages and both themes: axe finds nothing, a phone needs no scrolling to the
// side, and neither does a window of 320 pixels or one that is zoomed to 200 %.
import { randomUUID } from "node:crypto";

import { creditCode, identityNumber, Api } from "../support/api.mjs";
import { csv, imported, unique } from "../support/imports.mjs";
import { look, pressEscape } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";
import { unavailable } from "../support/problems.mjs";

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 150_000 });

    test.describe("without a user", () => {
      test.use({ who: null });

      test("sign-in", async ({ page, app, hygiene }) => {
        hygiene.expect(401, "/auth/sign-in");
        await page.goto("/");
        await expect(app.button("sign_in.action")).toBeVisible();
        await look(page, language, "sign-in");
        await app.button("sign_in.action").click();
        await app.signIn({ username: "nobody.here", password: "wrong password" });
        await expect(page.getByRole("alert").filter({ hasText: /\S/ })).toBeVisible();
        await look(page, language, "sign-in-refused");
      });
    });

    test("the customer list in its states", async ({ page, app, t, hygiene }) => {
      await app.open("/customers");
      await expect(page.getByRole("table")).toBeVisible();
      await look(page, language, "customers");

      await page.getByRole("button", { name: t("filter.add"), exact: true }).click();
      await look(page, language, "customers-filter");
      await pressEscape(page);
      await page.getByRole("button", { name: t("table.columns"), exact: true }).click();
      await look(page, language, "customers-columns");
      await pressEscape(page);
      await page.getByRole("button", { name: t("shell.theme"), exact: true }).click();
      await look(page, language, "menu");
      await page.keyboard.press("Escape");

      const boxes = page.getByRole("table").locator("tbody").getByRole("checkbox");
      await boxes.nth(1).check();
      await boxes.nth(2).check();
      await look(page, language, "customers-chosen");
      await app.button("table.clear_selection").click();

      await app.go(`/customers?filter=${encodeURIComponent('status in ("active","dormant") and aum ge 100000')}&sort=-aum`);
      await expect(page.getByRole("button", { name: t("filter.clear") })).toBeVisible();
      await look(page, language, "customers-filtered");

      await page.getByRole("textbox", { name: t("customers.search") }).fill("没有这个人");
      await expect(page.getByRole("heading", { name: t("customers.none_found") })).toBeVisible();
      await look(page, language, "customers-empty");

      await page.getByRole("textbox", { name: t("customers.search") }).fill("");
      hygiene.expect(503, "/api/v1/customers");
      await page.route(/\/api\/v1\/customers\?/, (route) =>
        route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable }),
      );
      await app.go("/customers?sort=customer_no");
      await expect(page.getByRole("heading", { name: t("customers.failed") })).toBeVisible();
      await expect(page.getByRole("alert").filter({ hasText: unavailable.request_id })).toBeVisible();
      await look(page, language, "customers-error");
      await page.unroute(/\/api\/v1\/customers\?/);
      await app.button("common.retry").click();
      await expect(page.getByRole("table")).toBeVisible();
    });

    test("the customer page in its states", async ({ page, app, t, api, hygiene }) => {
      const customer = await api.newPerson({
        identity: { kind: "resident_card", number: identityNumber() },
        gender: "female",
        city: "杭州",
        needs: ["retirement", "succession"],
        notes: "下半年女儿出国读书，关注外汇。\n不喜欢上午接电话。",
      });
      hygiene.expect(412, customer.id);
      hygiene.expect(422, customer.id);
      await app.open(`/customers/${customer.id}`);
      await look(page, language, "customer");

      await app.fact("field.notes").click();
      await look(page, language, "customer-editing");
      await app.button("common.cancel").click();

      await app.button("reveal.show", { name: t("identity_kind.resident_card") }).click();
      await app.button("reveal.action").click();
      await look(page, language, "customer-reveal");
      await app.button("reveal.reason_form").click();
      await app.button("reveal.action").click();
      await expect(app.panel("identity.title").getByRole("status")).toBeVisible();
      await look(page, language, "customer-revealed");

      await app.fact("field.occupation").click();
      await api.change(`/customers/${customer.id}`, { occupation: "会计" });
      await app.editing("field.occupation").getByRole("textbox").fill("律师");
      await page.keyboard.press("Enter");
      await expect(app.dialog("conflict.title")).toBeVisible();
      await look(page, language, "customer-conflict");
      await app.button("conflict.save_mine").click();
      await expect(page.getByRole("dialog")).toHaveCount(0);

      await app.button("contact.add").click();
      await look(page, language, "customer-contact");
      await pressEscape(page);
      await app.button("identity.edit").click();
      await look(page, language, "customer-identity");
      await pressEscape(page);
      await app.button("restriction.add").click();
      await look(page, language, "customer-restriction");
      await pressEscape(page);
      await app.button("outside.add").click();
      await look(page, language, "customer-outside");
      await pressEscape(page);

      await page.getByRole("tab", { name: t("customer.history") }).click();
      await expect(page.getByRole("tabpanel").getByRole("listitem").first()).toBeVisible();
      await look(page, language, "customer-history");

      hygiene.expect(404, "/api/v1/customers/");
      await app.go(`/customers/${randomUUID()}`);
      await expect(page.getByRole("heading", { name: t("customer.missing") })).toBeVisible();
      await look(page, language, "customer-missing");
    });

    test("new customer, palette, account, help, no such page", async ({ page, app, t, api, hygiene }) => {
      await api.newPerson();
      await app.open("/customers/new");
      await look(page, language, "new-customer");
      await app.field("identity.number").fill("110101199001010000");
      hygiene.expect(422, "/api/v1/customers");
      await app.button("new_customer.action").click();
      await expect(app.field("field.name")).toHaveAttribute("aria-invalid", "true");
      await look(page, language, "new-customer-wrong");

      await page.getByRole("button", { name: t("date.choose", { field: t("field.birth_date") }) }).click();
      await expect(page.getByRole("grid")).toBeVisible();
      await look(page, language, "calendar");
      await pressEscape(page);

      await page.keyboard.press("Control+k");
      await expect(page.getByRole("combobox", { name: t("palette.placeholder") })).toBeFocused();
      await look(page, language, "palette");
      await page.keyboard.type("li");
      await expect(page.getByRole("group", { name: t("nav.customers") }).getByRole("option").first()).toBeVisible();
      await look(page, language, "palette-found");
      await page.keyboard.type("zzzzqq");
      await expect(page.getByText(t("palette.nothing"))).toBeVisible();
      await look(page, language, "palette-nothing");
      await pressEscape(page);

      await app.field("identity.number").fill("");
      await app.go("/preferences");
      await look(page, language, "preferences");
      await app.go("/sessions");
      await expect(page.getByText(t("sessions.this")).first()).toBeVisible();
      await look(page, language, "sessions");
      await app.button("sessions.everywhere").click();
      await look(page, language, "sessions-everywhere");
      await pressEscape(page);
      await app.go("/help");
      await look(page, language, "help");
      await app.go("/no/such/page");
      await look(page, language, "missing");
    });

    test.describe("of the head of an outlet", () => {
      test.use({ who: "outlet_head" });

      test("an organisation, handing over, an archived customer", async ({ page, app, t, api }) => {
        const firm = await api.create("/customers", {
          kind: "organisation",
          name: "杭州远帆精密制造有限公司",
          industry: "制造业",
          identity: { kind: "unified_social_credit_code", number: creditCode() },
          contact_points: [{ kind: "email", value: "office@example.com", use: "work", primary: true }],
        });
        await app.open(`/customers/${firm.id}`);
        await look(page, language, "organisation");
        await app.button("assign.title").click();
        await page.getByRole("dialog").getByRole("combobox").first().click();
        await expect(page.getByRole("option").first()).toBeVisible();
        await look(page, language, "customer-assign");
        await page.keyboard.press("Escape");
        await pressEscape(page);
        await page.getByRole("button", { name: t("common.more"), exact: true }).click();
        await look(page, language, "customer-menu");
        await app.menuItem("customer.archive").click();
        await expect(app.toast(t("customer.archived"))).toBeVisible();
        await look(page, language, "customer-archived");
      });
    });

    test.describe("of the deputy manager", () => {
      test.use({ who: "deputy_manager" });

      test("an import and its jobs", async ({ page, app, t, api, hygiene }) => {
        await app.open("/jobs");
        await expect(page.getByRole("heading", { name: t("jobs.title") }).first()).toBeVisible();
        await look(page, language, "jobs");
        await app.go("/imports/new");
        await look(page, language, "import-file");
        hygiene.expect(422, "/api/v1/uploads");
        const send = (name, text) =>
          page.locator("#import-file").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
        await send("empty.csv", "");
        await expect(page.getByRole("alert").filter({ hasText: /\S/ })).toBeVisible();
        await look(page, language, "import-refused");

        const own = unique();
        const lines = [
          ["客户号", "姓名", "性别", "手机", "备注"],
          [`${own}-1`, `Person ${own} 1`, "男", "13800001111", "很长的一段备注很长的一段备注很长的一段备注很长的一段备注"],
          [`${own}-2`, `Person ${own} 2`, "未知", "12", ""],
        ];
        await send("customers.csv", csv(lines));
        await expect(page.locator("#import-step")).toHaveText(t("imports.step_mapping"));
        const column = (name) => page.getByLabel(t("imports.column_becomes", { column: name }), { exact: true });
        await column("客户号").selectOption("");
        await column("姓名").selectOption("");
        await column("性别").selectOption("gender");
        await app.button("imports.add_value").click();
        await app.button("imports.add_fixed").click();
        await look(page, language, "import-missing");
        await column("客户号").selectOption("external_id");
        await column("姓名").selectOption("name");
        await column("手机").selectOption("phone");
        await page.getByLabel(t("imports.value_becomes", { value: "未知" }), { exact: true }).selectOption("other");
        await page.locator("#fixed-field-0").selectOption("kind");
        await page.locator("#fixed-value-0").selectOption("person");
        await look(page, language, "import-mapping");
        await app.button("import_records.add_holding").click();
        const holding = page.getByRole("group", { name: t("import_records.one", { kind: t("import_target.holding"), number: 1 }), exact: true });
        await app.field("import_records.key", holding).fill("{客户号}");
        await app.field("product.code", holding).fill("x");
        await app.field("product.code", holding).fill("");
        await app.field("holding.amount", holding).fill("{手机}");
        await app.field("field.status", holding).selectOption("{性别}");
        await app.panel("import_records.title").scrollIntoViewIfNeeded();
        await look(page, language, "import-brings");
        await app.button("new_customer.line_remove", { name: t("import_records.one", { kind: t("import_target.holding"), number: 1 }) }).click();
        await expect(holding).toHaveCount(0);
        await app.button("imports.start_dry_run").click();
        await expect(page.locator(".records tbody tr")).toHaveCount(1);
        await look(page, language, "import-dry-run");
        await app.button("imports.start", { count: "1" }).click();
        await expect(app.button("problems.correct", { line: "3" })).toBeVisible();
        await look(page, language, "import-done");

        const job = await imported(api);
        await app.go(`/jobs/${job.id}`);
        await app.button("problems.correct", { line: "4" }).click();
        await page.getByLabel(t("problems.cell", { line: 4, column: "phone" }), { exact: true }).fill("13800002222");
        await app.button("problems.correct", { line: "5" }).click();
        await look(page, language, "job-correcting");
        await app.go("/jobs");
        await expect(page.getByRole("table").locator("tbody tr").first()).toBeVisible();
        await look(page, language, "jobs-some");

        await app.go(`/customers?filter=${encodeURIComponent('status in ("active","dormant") and aum ge 100000')}&sort=-aum`);
        await app.button("exports.button").click();
        const dialog = page.getByRole("dialog");
        await expect(dialog.getByRole("status").first()).toHaveText(/\d/);
        await look(page, language, "export");
        hygiene.expect(422, "/api/v1/jobs/exports");
        const refusal = { pointer: "/reason", code: "reason_needed", params: { max: 1000 }, message: t("check.required") };
        await page.route(/\/api\/v1\/jobs\/exports/, (route) =>
          route.fulfill({ status: 422, contentType: "application/problem+json", json: { ...unavailable, status: 422, code: "validation_failed", errors: [refusal] } }),
        );
        await app.button("exports.start").click();
        await expect(dialog.getByLabel(t("exports.reason"), { exact: true })).toBeVisible();
        await look(page, language, "export-reason");
        await page.unroute(/\/api\/v1\/jobs\/exports/);
        await dialog.getByLabel(t("exports.reason"), { exact: true }).fill("下季度客户活动的邀请名单，由分管行长批准");
        await app.button("exports.start").click();
        await expect(app.button("exports.download")).toBeVisible({ timeout: 30_000 });
        await look(page, language, "export-done");
        const file = await api.create("/jobs/exports", { list: "customers", format: "csv", filter: 'status eq "active"', sort: "-aum", language, reason: "下季度客户活动的邀请名单" });
        await app.go(`/jobs/${file.id}`);
        await expect(app.button("exports.download")).toBeVisible({ timeout: 30_000 });
        await look(page, language, "job-export");
        hygiene.expect(404, "/api/v1/jobs/");
        await app.go(`/jobs/${randomUUID()}`);
        await expect(page.getByRole("heading", { name: t("job.missing") })).toBeVisible();
        await look(page, language, "job-missing");
      });
    });

    test.describe("of the administrator", () => {
      test.use({ who: "admin" });

      test("users and units", async ({ page, app, t, api }) => {
        const user = await api.create("/users", {
          username: `e2e.look.${randomUUID().slice(0, 8)}`,
          display_name: "欧阳清扬",
          role: "rm",
          org_unit_id: api.me.org_unit.id,
        });
        await app.open("/admin/users");
        await expect(page.getByRole("table")).toBeVisible();
        await look(page, language, "users");
        await app.go("/admin/users/new");
        await app.button("user.new_action").click();
        await expect(app.field("user.username")).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "new-user");
        await app.go(`/admin/users/${user.user?.id ?? user.id}`);
        await expect(page.getByRole("listitem").first()).toBeVisible();
        await look(page, language, "user");
        await app.button("user.reset").click();
        await look(page, language, "user-reset");
        await app.button("user.reset", {}, page.getByRole("dialog")).click();
        await expect(app.dialog("user.password_title")).toBeVisible();
        await look(page, language, "user-password");
        await app.button("common.done").click();
        await app.go("/admin/units");
        await expect(page.getByRole("main").getByRole("listitem").first()).toBeVisible();
        await look(page, language, "units");
        await app.button("unit.new").click();
        await app.button("common.save").click();
        await expect(app.field("unit.code")).toHaveAttribute("aria-invalid", "true");
        await look(page, language, "unit-new");
      });
    });

    test.describe("of the auditor", () => {
      test.use({ who: "auditor" });

      test("the audit list", async ({ page, app }) => {
        const reason = "下季度客户活动的邀请名单，由分管行长批准，名单仅供客户经理电话邀请使用，活动结束后一周内删除";
        await (await Api.as("deputy_manager")).create("/jobs/exports", { list: "customers", format: "csv", language, reason });
        await app.open("/admin/audit");
        await expect(page.getByRole("table")).toBeVisible();
        await page.waitForLoadState("networkidle");
        const box = page.locator(".table-box");
        expect(await box.evaluate((element) => element.scrollWidth - element.clientWidth), "the list fits the window").toBeLessThanOrEqual(0);
        await look(page, language, "audit");
        await page.locator(".table__link").first().click();
        await look(page, language, "audit-entry");
      });

      test("somebody else's job", async ({ page, app, t }) => {
        const job = await imported(await Api.as("deputy_manager"));
        await app.open(`/jobs/${job.id}`);
        await expect(page.getByText(t("problems.help_others"))).toBeVisible();
        await look(page, language, "job-others");
      });
    });

    test.describe("of the teller", () => {
      test.use({ who: "teller" });

      test("a customer, less is shown", async ({ page, app }) => {
        const rm = await Api.as("rm");
        const customer = await rm.newPerson();
        await app.open(`/customers/${customer.id}`);
        await look(page, language, "customer-teller");
      });
    });
  });
}
