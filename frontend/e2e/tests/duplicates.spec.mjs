// Customers who may be one: a search over the bank, two side by side, a merge that is undone, and a warning at the door.
import { randomInt } from "node:crypto";

import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");

/** Two customers of one outlet who are one, under a name of their own. */
async function twins(api) {
  const unit = (await api.get("/users?filter=role%20eq%20%22rm%22")).data[0];
  const given = "海风云山石林".split("").sort(() => randomInt(3) - 1).slice(0, 2).join("");
  const phone = `139${String(randomInt(1e8)).padStart(8, "0")}`;
  const both = [];
  for (const [surname, city] of [["张", "宁波"], ["張", "杭州"]]) {
    both.push(
      await api.newPerson({
        name: `${surname}${given}`, org_unit_id: unit.org_unit.id, status: "active", city, contact_points: [{ kind: "phone", value: phone }],
      }),
    );
  }
  return { both, phone, given };
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 240_000 });

    test.describe("the manager of a branch", () => {
      test.use({ who: "branch_manager" });

      test("searches, compares, merges and undoes it", async ({ page, app, t, api }) => {
        const { both } = await twins(api);
        await app.open("/customers/duplicates");
        await app.button("pairs.search").click();
        await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("job_kind.duplicate_search"));
        await expect(page.locator(".stat").filter({ hasText: t("pairs.found_new") })).toBeVisible({ timeout: 60_000 });
        await look(page, language, "duplicate-search");
        const pair = async () =>
          (await api.get("/duplicates?limit=200")).data.find(({ customers }) => customers.every(({ customer }) => both.some(({ id }) => id === customer?.id)));
        await expect.poll(async () => (await pair())?.state, { timeout: 60_000 }).toBe("open");

        await app.go("/customers/duplicates");
        await expect(rows(page)).not.toHaveCount(0);
        await look(page, language, "duplicates");
        await app.open(`/customers/duplicates/${(await pair()).id}`);
        const table = app.panel("merge.fields").getByRole("table");
        await expect(table.locator("tbody tr")).toHaveCount(2);
        await table.getByRole("radio", { name: "杭州" }).check();
        await look(page, language, "merge");
        await app.button("merge.action").click();
        await app.button("merge.action", {}, app.dialog("merge.action")).click();
        await expect(page).toHaveURL(/\/customers\/[0-9a-f-]{36}$/);
        const survivor = page.url().split("/").at(-1);
        const gone = both.find(({ id }) => id !== survivor);
        expect((await api.get(`/customers/${survivor}`)).city).toBe("杭州");
        await app.open(`/customers/${gone.id}`);
        await page.getByRole("link", { name: t("merge.into_link") }).click();
        await expect(page).toHaveURL(new RegExp(survivor));

        await app.open("/customers/duplicates?tab=merges");
        const line = rows(page).filter({ hasText: gone.customer_no });
        await look(page, language, "merges");
        await app.button("merge.undo", {}, line).click();
        await app.button("merge.undo", {}, app.dialog("merge.undo_title")).click();
        await expect(app.toast(t("merge.undone_said", { name: gone.name }))).toBeVisible();
        expect((await api.get(`/customers/${gone.id}`)).archived_at).toBeNull();
        expect((await pair()) ?? null).toBeNull();
      });

      test("says that two are two, by keyboard alone", async ({ page, app, t, api }) => {
        const keys = new Keyboard(page);
        const { both } = await twins(api);
        await api.send("POST", "/jobs/duplicate-searches", undefined, { "idempotency-key": `k${randomInt(1e9)}-dup` }).catch(() => {});
        const pair = async () =>
          (await api.get("/duplicates?limit=200")).data.find(({ customers }) => customers.every(({ customer }) => both.some(({ id }) => id === customer?.id)));
        await expect.poll(async () => (await pair())?.state, { timeout: 60_000 }).toBe("open");
        await app.open(`/customers/duplicates/${(await pair()).id}`);
        await keys.to(app.button("pairs.dismiss"));
        await keys.press("Enter");
        await keys.type("双胞胎");
        await look(page, language, "dismiss-duplicate");
        await keys.press("Enter");
        await expect(app.toast(t("pairs.dismissed_said"))).toBeVisible();
        await app.open("/customers/duplicates?tab=dismissed");
        await expect(rows(page).filter({ hasText: "双胞胎" }).first()).toBeVisible();
      });
    });

    test.describe("a relationship manager", () => {
      test.use({ who: "rm" });

      test("is warned of a customer that is there already", async ({ page, app, t, api }) => {
        const phone = `137${String(randomInt(1e8)).padStart(8, "0")}`;
        const customer = await api.newPerson({ contact_points: [{ kind: "phone", value: phone }] });
        await app.open("/customers/new");
        await page.locator("#name").fill(customer.name);
        await page.locator("#line-0").fill(phone);
        await expect(page.getByRole("alert").filter({ hasText: customer.customer_no })).toBeVisible();
        await look(page, language, "new-customer-known");
        await page.locator("#line-0").fill("13000000000");
        await expect(page.getByRole("alert").filter({ hasText: customer.customer_no })).toHaveCount(0);
        await page.getByRole("link", { name: t("nav.duplicates"), exact: true }).click();
        await app.button("leaving.discard", {}, app.dialog("leaving.title")).click();
        await expect(page.getByRole("heading", { level: 1, name: t("nav.duplicates") })).toBeVisible();
        await expect(app.button("pairs.search")).toHaveCount(0);
      });
    });
  });
}
