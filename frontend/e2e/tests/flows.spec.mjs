// One customer from end to end by mouse: find, open, change, meet a colleague's change, see a masked value, look back.
import { Api, identityNumber } from "../support/api.mjs";
import { expect, signInOf, test } from "../support/test.mjs";
import { LANGUAGES, escaped } from "../support/words.mjs";

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language, who: null });

    test("from signing in to the history", async ({ page, app, t, hygiene }) => {
      const rm = await Api.as("rm");
      await rm.preferences({ language, theme: "system", density: "standard", customer_columns: [] });
      const customer = await rm.newPerson();

      await page.goto("/");
      await app.signIn(signInOf("rm"));
      await expect(page.getByRole("heading", { level: 1 })).toContainText(t("today.title"));
      await expect(page.locator("html")).toHaveAttribute("lang", language);
      await page.getByRole("link", { name: t("nav.customers"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("customers.title") })).toBeVisible();

      const search = page.getByRole("textbox", { name: t("customers.search") });
      const found = page.getByRole("table").getByRole("link", { name: customer.name, exact: true });
      for (const text of [
        customer.name.slice(1, 3),
        customer.pinyin,
        customer.initials,
        customer.tail,
        customer.customer_no,
      ]) {
        await search.fill(text);
        await expect(found, `found by ${text}`).toBeVisible();
        await expect(page.getByRole("table")).not.toHaveClass(/stale/);
        expect(page.url(), "nothing that may be a name stands in the address").not.toContain(encodeURIComponent(text));
        await search.fill("");
        await expect(page.getByRole("table").getByRole("row")).not.toHaveCount(2);
      }

      await search.fill(customer.name.slice(0, 2));
      await found.click();
      await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.name);
      await expect(page).toHaveURL(new RegExp(`/customers/${customer.id}$`));
      await expect(page).toHaveTitle(new RegExp(escaped(customer.name)));

      await test.step("changed in its place", async () => {
        await app.fact("field.occupation").click();
        const group = app.editing("field.occupation");
        await expect(group.getByRole("textbox")).toHaveValue("教师");
        await group.getByRole("textbox").fill("医生");
        await app.button("common.save", {}, group).click();
        await expect(app.fact("field.occupation")).toContainText("医生");
        await app.fact("field.gender").click();
        await app.editing("field.gender").getByRole("combobox").selectOption("female");
        await app.button("common.save", {}, app.editing("field.gender")).click();
        await expect(app.fact("field.gender")).toContainText(t("gender.female"));
      });

      await test.step("a colleague's change to another fact disturbs nobody", async () => {
        hygiene.expect(412, `/customers/${customer.id}`);
        await rm.change(`/customers/${customer.id}`, { city: "苏州" });
        await app.fact("field.employer").click();
        await app.editing("field.employer").getByRole("textbox").fill("苏州大学");
        await app.editing("field.employer").getByRole("textbox").press("Enter");
        await expect(app.fact("field.employer")).toContainText("苏州大学");
        await expect(app.fact("field.city")).toContainText("苏州");
      });

      await test.step("a colleague's change to the same fact", async () => {
        const clash = async (mine, theirs) => {
          await app.fact("field.occupation").click();
          await rm.change(`/customers/${customer.id}`, { occupation: theirs });
          await app.editing("field.occupation").getByRole("textbox").fill(mine);
          await app.button("common.save", {}, app.editing("field.occupation")).click();
          return app.dialog("conflict.title");
        };
        const dialog = await clash("律师", "会计");
        await expect(dialog).toBeVisible();
        await expect(dialog.getByRole("row").nth(1).getByRole("cell")).toHaveText(["律师", "会计", "医生"]);
        await app.button("conflict.keep_theirs", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        await expect(app.fact("field.occupation")).toContainText("会计");

        const again = await clash("律师", "工程师");
        await expect(again.getByRole("row").nth(1).getByRole("cell")).toHaveText(["律师", "工程师", "会计"]);
        await app.button("conflict.save_mine", {}, again).click();
        await expect(again).toHaveCount(0);
        await expect(app.fact("field.occupation")).toContainText("律师");
        expect((await rm.get(`/customers/${customer.id}`)).occupation).toBe("律师");
      });

      const masked = customer.contact_points[0].value;
      const name = `${t("contact_point_kind.phone")} ${masked}`;
      await test.step("a masked value, for a reason", async () => {
        await expect(page.getByText(customer.phone)).toHaveCount(0);
        await app.button("reveal.show", { name }).click();
        const dialog = app.dialog("reveal.title", { name });
        await app.button("reveal.action", {}, dialog).click();
        await expect(app.field("reveal.reason", dialog)).toHaveAttribute("aria-invalid", "true");
        await app.button("reveal.reason_call", {}, dialog).click();
        await app.button("reveal.action", {}, dialog).click();
        await expect(app.panel("contact.title").getByRole("status")).toContainText(customer.tail);
        expect((await app.panel("contact.title").getByRole("status").textContent()).replace(/\D/g, "")).toContain(customer.phone);
        await app.button("reveal.hide", { name }).click();
        await expect(app.panel("contact.title")).toContainText(masked);
      });

      await test.step("the history has it all", async () => {
        await page.getByRole("tab", { name: t("customer.history") }).click();
        const entries = page.locator(".timeline").getByRole("listitem");
        await expect(entries.first()).toContainText(t("reveal.reason_call"));
        await expect(entries.first()).toContainText(rm.me.display_name);
        await expect(entries.nth(1)).toContainText("工程师");
        await expect(entries.nth(1)).toContainText("律师");
        await expect(entries.last()).toContainText(t("action.created"));
        await page.reload();
        await expect(entries.first()).toContainText(t("reveal.reason_call"));
      });
    });
  });
}

test("a fact that is open meets what a colleague saves meanwhile, and not one's own saves", async ({ page, app, api, hygiene }) => {
  const customer = await api.newPerson({ city: "杭州" });
  const path = `/customers/${customer.id}`;
  const refused = [];
  page.on("response", (answer) => {
    if (answer.status() === 412) refused.push(answer.url());
  });
  const enter = async (key, text) => {
    await app.fact(key).click();
    await app.editing(key).getByRole("textbox").fill(text);
  };
  const save = (key) => app.button("common.save", {}, app.editing(key)).click();
  await app.open(path);
  await enter("field.city", "宁波");
  await enter("field.employer", "宁波大学");
  await save("field.employer");
  await expect(app.fact("field.employer")).toContainText("宁波大学");
  await save("field.city");
  await expect(app.fact("field.city")).toContainText("宁波");
  expect(refused, "one's own saves disturb nobody").toEqual([]);

  hygiene.expect(412, path);
  await enter("field.city", "温州");
  await api.change(path, { city: "绍兴" });
  await enter("field.employer", "温州大学");
  // It brings the colleague's city to the page, under the one that is being entered.
  await save("field.employer");
  await expect(app.fact("field.employer")).toContainText("温州大学");
  await save("field.city");
  const dialog = app.dialog("conflict.title");
  await expect(dialog.getByRole("row").nth(1).getByRole("cell")).toHaveText(["温州", "绍兴", "宁波"]);
  expect((await api.get(path)).city, "nothing is written over unasked").toBe("绍兴");
  await app.button("conflict.save_mine", {}, dialog).click();
  await expect(dialog).toHaveCount(0);
  await expect(app.fact("field.city")).toContainText("温州");
  expect((await api.get(path)).city).toBe("温州");
});

test.describe("a session that has ended", () => {
  test("asks to sign in again and keeps what was typed", async ({ page, app, api, context, hygiene }) => {
    hygiene.expect(401, "/api/v1/");
    const customer = await api.newPerson();
    await app.open(`/customers/${customer.id}`);
    await app.fact("field.hobbies").click();
    await app.editing("field.hobbies").getByRole("textbox").fill("钓鱼");
    await api.send("POST", "/auth/sign-out-everywhere", undefined, { "x-guanxi": "1" });
    await context.clearCookies();
    await app.button("common.save", {}, app.editing("field.hobbies")).click();
    const dialog = app.dialog("sign_in.again_title");
    await app.field("sign_in.password", dialog).fill(signInOf("rm").password);
    await app.button("sign_in.action", {}, dialog).click();
    await expect(dialog).toHaveCount(0);
    await expect(app.fact("field.hobbies")).toContainText("钓鱼");
  });
});

test.describe("wrong password", () => {
  test.use({ who: null });

  test("is refused at the form", async ({ page, app, hygiene }) => {
    hygiene.expect(401, "/auth/sign-in");
    await page.goto("/customers");
    await app.signIn({ username: "nobody.here", password: "not the password" });
    await expect(page.getByRole("alert").filter({ hasText: /\S/ })).toBeVisible();
    await expect(app.field("sign_in.password")).toHaveValue("");
    await expect(app.field("sign_in.password")).toBeFocused();
    await expect(app.field("sign_in.username")).toHaveValue("nobody.here");
  });
});

test("a lost connection keeps the text, says so, and goes on", async ({ page, app, api, context, hygiene }) => {
  hygiene.expectLost("/api/v1/customers/");
  hygiene.expectLost("/healthz");
  const customer = await api.newPerson({ identity: { kind: "resident_card", number: identityNumber() } });
  await app.open(`/customers/${customer.id}`);
  await app.fact("field.notes").click();
  const field = app.editing("field.notes").getByRole("textbox");
  await field.fill("下周三下午再联系");
  await context.setOffline(true);
  await app.button("common.save", {}, app.editing("field.notes")).click();
  await expect(page.getByText(app.t("error.offline"))).toBeVisible();
  await expect(field).toHaveValue("下周三下午再联系");
  await context.setOffline(false);
  await app.button("common.save", {}, app.editing("field.notes")).click();
  await expect(app.fact("field.notes")).toContainText("下周三下午再联系");
  await expect(page.getByText(app.t("error.offline"))).toHaveCount(0);
});
