// Whose page it is, what is said when the server does not answer, and messages above a dialog.
import { Api } from "../support/api.mjs";
import { look } from "../support/look.mjs";
import { unavailable } from "../support/problems.mjs";
import { App, expect, signInOf, test } from "../support/test.mjs";

const fail = (route) => route.fulfill({ status: 503, contentType: "application/problem+json", json: unavailable });
const lose = (route) => route.abort();

test.describe("a page stays its user's", () => {
  test.describe.configure({ timeout: 120_000 });

  const me = (page, t, name) => page.getByRole("button", { name: t("shell.me", { name }), exact: true });

  test("when somebody else signs in in another tab, until they are back", async ({ page, context, app, t, api, language, hygiene }) => {
    hygiene.expect(401, "/api/v1/");
    const colleague = await Api.as("outlet_head");
    await colleague.preferences({ language, theme: "system" });
    const customer = await api.newPerson();
    await app.open(`/customers/${customer.id}`);
    await app.fact("field.notes").click();
    const field = app.editing("field.notes").getByRole("textbox");
    await field.fill("下周三下午再联系");

    const other = await context.newPage();
    const there = new App(other, t);
    const swap = async (from, to) => {
      await me(other, t, from).click();
      await there.menuItem("nav.sign_out").click();
      await there.signIn(to);
    };
    await there.open("/customers");
    await swap(api.me.display_name, signInOf("outlet_head"));
    await expect(me(other, t, colleague.me.display_name)).toBeVisible();

    const dialog = app.dialog("sign_in.other_title");
    await expect(dialog).toContainText(api.me.display_name);
    await page.bringToFront();
    await look(page, language, "someone-else");

    await swap(colleague.me.display_name, signInOf("rm"));
    await expect(dialog, "its own user is back").toHaveCount(0);
    await expect(field).toHaveValue("下周三下午再联系");
    await app.button("common.save", {}, app.editing("field.notes")).click();
    await expect(app.fact("field.notes")).toContainText("下周三下午再联系");
  });

  test("when the cookie is another's although no tab has said so", async ({ page, context, app, t, api, language, hygiene }) => {
    hygiene.expect(401, "/api/v1/");
    const colleague = await Api.as("outlet_head");
    await colleague.preferences({ language, theme: "system" });
    await app.open("/customers");
    const { username, password } = signInOf("outlet_head");
    const answer = await context.request.post("/api/v1/auth/sign-in", { data: { username, password } });
    expect(answer.ok()).toBe(true);
    await api.send("POST", "/auth/sign-out-everywhere", undefined, { "x-guanxi": "1" });

    await page.getByRole("link", { name: t("nav.tasks"), exact: true }).click();
    const dialog = app.dialog("sign_in.other_title");
    await expect(dialog).toContainText(api.me.display_name);
    await expect(me(page, t, colleague.me.display_name), "nothing is done in the other name").toHaveCount(0);
    await app.button("sign_in.other_action", {}, dialog).click();
    await expect(me(page, t, colleague.me.display_name)).toBeVisible();
  });
});

test("what could not be fetched again is said to be outdated, and what is withheld is not shown", async ({ page, app, t, api, language, hygiene }) => {
  hygiene.expect(503, "/api/v1/customers");
  const customer = await api.newPerson();
  const outdated = page.getByText(t("error.outdated"));
  await app.open(`/customers/${customer.id}`);
  const name = page.getByRole("heading", { level: 1, name: customer.name });
  await expect(name).toBeVisible();
  await app.go("/help");
  await expect(name).toHaveCount(0);

  const overview = new RegExp(`/api/v1/customers/${customer.id}/overview`);
  await page.route(overview, fail);
  await app.go(`/customers/${customer.id}`);
  await expect(outdated).toBeVisible();
  await expect(name, "what is known stays").toBeVisible();
  await look(page, language, "outdated");
  await page.unroute(overview);
  await app.button("common.retry").click();
  await expect(outdated).toHaveCount(0);
  await expect(name).toBeVisible();

  for (const [status, heading] of [[403, "customer.failed"], [404, "customer.missing"]]) {
    await app.go(`/customers/${customer.id}`);
    await expect(name).toBeVisible();
    await app.go("/help");
    await expect(name).toHaveCount(0);
    hygiene.expect(status, customer.id);
    await page.route(overview, (route) =>
      route.fulfill({ status, contentType: "application/problem+json", json: { ...unavailable, status, code: "withheld" } }),
    );
    await app.go(`/customers/${customer.id}`);
    await expect(page.getByRole("heading", { name: t(heading) })).toBeVisible();
    await expect(name).toHaveCount(0);
    await expect(outdated).toHaveCount(0);
    await page.unroute(overview);
    await app.go("/help");
  }
});

test("messages lie above an open dialog, and stay while they are pointed at", async ({ page, app, t, hygiene }) => {
  await Api.as("rm");
  await app.open("/sessions");
  hygiene.expect(503, "/auth/sign-out-everywhere");
  await page.route(/sign-out-everywhere/, fail);
  await app.button("sessions.everywhere").click();
  const dialog = app.dialog("sessions.everywhere");
  await app.button("sessions.everywhere", {}, dialog).click();
  const failed = app.toast(unavailable.request_id);
  await expect(failed).toBeVisible();
  await expect(dialog.locator("[aria-live=assertive]"), "where it is read out").toContainText(unavailable.request_id);
  await app.button("common.close", {}, failed).click();
  await expect(failed).toHaveCount(0);
  await expect(dialog).toBeVisible();
  await app.button("common.cancel", {}, dialog).click();
  await expect(dialog).toHaveCount(0);

  await app.button("sessions.end").first().click();
  const done = app.toast(t("sessions.ended"));
  await done.hover();
  await page.waitForTimeout(9_500);
  await expect(done, "its time stands still").toBeVisible();
  await page.mouse.move(5, 5);
  await expect(done).toHaveCount(0, { timeout: 15_000 });
});

test("what cannot start says so and tries again", async ({ page, app, t, language, hygiene }) => {
  await page.route(/\/assets\/.*\.wasm/, lose);
  await page.goto("/");
  const again = page.getByRole("alert").getByRole("button");
  await expect(again).toBeVisible();
  await page.unroute(/\/assets\/.*\.wasm/);
  await again.click();
  await app.ready();

  await page.route(/\/api\/v1\/auth\/refresh/, fail);
  await page.goto("/customers");
  await expect(page.getByRole("heading", { name: t("error.start") })).toBeVisible();
  await look(page, language, "not-started");
  await page.unroute(/\/api\/v1\/auth\/refresh/);
  await app.button("common.retry").click();
  await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();

  await page.route(/\/auth\/refresh|\/healthz/, lose);
  await page.goto("/customers");
  await expect(page.getByRole("heading", { name: t("error.start") })).toBeVisible();
  await expect(page.getByText(t("error.offline"))).toBeVisible();
  await page.unroute(/\/auth\/refresh|\/healthz/);
  await expect(page.getByRole("heading", { level: 1, name: t("customers.title") }), "by itself").toBeVisible({ timeout: 20_000 });
  await expect(page.getByText(t("error.offline"))).toHaveCount(0);
  hygiene.forgive();
});

test("a lost server is noticed, and when it is back data are fetched again", async ({ page, app, t, api, context, hygiene }) => {
  hygiene.expectLost("/healthz");
  const customer = await api.newPerson({ city: "杭州" });
  await app.open(`/customers/${customer.id}`);
  await expect(app.fact("field.city")).toContainText("杭州");
  await context.setOffline(true);
  const lost = page.getByText(t("error.offline"));
  await expect(lost).toBeVisible();
  await api.change(`/customers/${customer.id}`, { city: "宁波" });
  await context.setOffline(false);
  await expect(lost).toHaveCount(0);
  await expect(app.fact("field.city")).toContainText("宁波");
});
