// Tags: the catalogue, on the page of a customer, in the list and for many customers at once.
import { randomInt } from "node:crypto";

import { Api } from "../support/api.mjs";
import { bytesOf, column, records } from "../support/exports.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { look } from "../support/look.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const rows = (page) => page.getByRole("table").locator("tbody tr");
const bar = (page, t) => page.getByRole("region", { name: t("table.selection") });
const tags = (page, t) => page.getByRole("list", { name: t("tags.title") });

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.describe.configure({ timeout: 180_000 });

    test.describe("an administrator", () => {
      test.use({ language, who: "admin" });

      test("keeps the catalogue", async ({ page, app, t, api, hygiene }) => {
        const name = `标签 ${language} ${randomInt(1e6)}`;
        hygiene.expect(409, "/api/v1/tags");
        await app.open("/admin/tags");
        await expect(rows(page).filter({ hasText: "VIP 活动" })).toBeVisible();
        await look(page, language, "tags");
        await app.button("tags.new").click();
        let dialog = app.dialog("tags.new");
        await app.button("common.save", {}, dialog).click();
        await expect(app.field("tags.name", dialog)).toHaveAttribute("aria-invalid", "true");
        // The same word in other letters is the same word.
        await app.field("tags.name", dialog).fill("ｖｉｐ 活动");
        await app.button("common.save", {}, dialog).click();
        await expect(app.field("tags.name", dialog)).toHaveAttribute("aria-invalid", "true");
        await app.field("tags.name", dialog).fill(name);
        await app.field("tags.colour", dialog).selectOption("teal");
        await app.field("tags.description", dialog).fill("只在测试中使用");
        await look(page, language, "tags-form");
        await app.button("common.save", {}, dialog).click();
        await expect(dialog).toHaveCount(0);
        const line = rows(page).filter({ hasText: name });
        await expect(line).toContainText(t("tag_colour.teal"));
        await line.getByRole("button", { name: `${t("tags.edit")}: ${name}` }).click();
        dialog = app.dialog("tags.edit");
        await app.field("tags.colour", dialog).selectOption("red");
        await app.button("common.save", {}, dialog).click();
        await expect(line).toContainText(t("tag_colour.red"));
        await line.getByRole("button", { name: `${t("tags.archive")}: ${name}` }).click();
        await expect(line).toHaveCount(0);
        const filter = encodeURIComponent("archived eq true");
        const [{ id }] = (await api.get(`/tags?limit=200&filter=${filter}`)).data.filter((tag) => tag.name === name);
        expect((await api.get(`/tags/${id}/history`)).data).toHaveLength(3);
        await app.go(`/admin/tags?filter=${filter}`);
        await line.getByRole("button", { name: `${t("tags.restore")}: ${name}` }).click();
        await expect(line).toHaveCount(0);
        await api.change(`/tags/${id}`, undefined, "POST", "/archive");
      });
    });

    test.describe("a head", () => {
      test.use({ language, who: "branch_manager" });

      test("marks a customer, finds it by its tag, and takes the tag again", async ({ page, app, t, api }) => {
        const customer = await api.newPerson();
        const word = `新词${randomInt(1e6)}`;
        await app.open(`/customers/${customer.id}`);
        await app.button("tags.add").click();
        let box = page.getByRole("combobox", { name: t("tags.find") });
        await expect(box).toBeFocused();
        await box.fill("外语");
        await page.getByRole("option").filter({ hasText: "外语服务" }).click();
        await expect(tags(page, t).getByRole("listitem")).toHaveText(["外语服务"]);
        // A word that is not there yet.
        await app.button("tags.add").click();
        box = page.getByRole("combobox", { name: t("tags.find") });
        await box.fill(word);
        await page.getByRole("option", { name: t("tags.create", { name: word }) }).click();
        await expect(tags(page, t).getByRole("listitem")).toHaveCount(2);
        await expect(app.toast(t("tags.given", { name: word }))).toBeVisible();
        await look(page, language, "tags-customer");
        const [{ tag }] = (await api.get(`/customers/${customer.id}/tags`)).tags.filter((given) => given.tag.name === word);

        await app.open(`/customers?columns=name,tags&filter=${encodeURIComponent(`tag_id eq "${tag.id}"`)}`);
        await expect(rows(page)).toHaveCount(1);
        await expect(rows(page)).toContainText(customer.name);
        await expect(rows(page).locator(".tag")).toHaveCount(2);
        await expect(page.locator(".chip")).toContainText(word);

        await app.open(`/customers/${customer.id}`);
        await page.getByRole("button", { name: t("tags.take", { name: word }) }).click();
        await expect(tags(page, t).getByRole("listitem")).toHaveText(["外语服务"]);
        await expect(app.button("tags.add")).toBeFocused();
        await page.reload();
        await expect(tags(page, t).getByRole("listitem")).toHaveText(["外语服务"]);
      });

      test("does the same by keys alone", async ({ page, app, t, api }) => {
        const customer = await api.newPerson();
        await app.open(`/customers/${customer.id}`);
        const keys = new Keyboard(page);
        await keys.to(app.button("tags.add"));
        await keys.press("Enter");
        await expect(page.getByRole("combobox", { name: t("tags.find") })).toBeFocused();
        await keys.type("上门");
        await expect(page.getByRole("option")).toHaveText([/^上门服务/, t("tags.create", { name: "上门" })]);
        await keys.press("Enter");
        await expect(tags(page, t).getByRole("listitem")).toHaveText(["上门服务"]);
        await expect(app.button("tags.add")).toBeFocused();
        await keys.to(page.getByRole("button", { name: t("tags.take", { name: "上门服务" }) }), "Shift+Tab");
        await keys.press("Enter");
        await expect(tags(page, t)).toHaveCount(0);
        await expect(app.button("tags.add")).toBeFocused();
      });

      test("gives a tag to many, takes it back, and takes the chosen ones out as a file", async ({ page, app, t, api }) => {
        const stat = (name) => page.locator(".stat").filter({ hasText: name }).locator("dd");
        const filter = 'aum ge 5000000 and owner_id ne null';
        const { id } = await api.create("/tags", { name: `批量 ${language} ${randomInt(1e6)}`, colour: "purple" });
        const { name } = await api.get(`/tags/${id}`);
        await app.open(`/customers?columns=name,customer_no,tags&filter=${encodeURIComponent(filter)}`);
        const count = await rows(page).count();
        await page.getByRole("checkbox", { name: t("table.select_page"), exact: true }).check();
        await expect(bar(page, t)).toContainText(t("table.selected", { count }));
        await app.button("bulk.tag").click();
        const dialog = app.dialog("bulk.tag");
        await app.button("bulk.start", {}, dialog).click();
        const box = dialog.getByRole("combobox", { name: t("tags.find") });
        await expect(box).toHaveAttribute("aria-invalid", "true");
        await box.fill(name);
        await page.getByRole("option").filter({ hasText: name }).first().click();
        await look(page, language, "bulk-tag");
        await app.button("bulk.start", {}, dialog).click();
        await expect(page).toHaveURL(/\/jobs\/[0-9a-f-]{36}$/);
        await expect(stat(t("bulk.done"))).toHaveText(String(count), { timeout: 20_000 });
        expect((await api.get(`/tags/${id}`)).customers).toBe(count);
        await app.button("bulk.undo").click();
        await app.button("bulk.undo", {}, app.dialog("bulk.undo_title")).click();
        await expect(stat(t("job.taken_back"))).toHaveText(String(count), { timeout: 20_000 });
        expect((await api.get(`/tags/${id}`)).customers).toBe(0);

        // Three rows, as the screen has them.
        await app.open(`/customers?columns=name,customer_no,tags&sort=-customer_no&filter=${encodeURIComponent(filter)}`);
        const chosen = [];
        for (const n of [0, 2, 3]) {
          await rows(page).nth(n).getByRole("checkbox").check();
          chosen.push(await rows(page).nth(n).locator(".table__link").innerText());
        }
        await look(page, language, "tags-chosen");
        await app.button("exports.button_chosen").click();
        const exporting = app.dialog("exports.title", { list: t("nav.customers") });
        await expect(exporting.getByRole("status").first()).toHaveText("3");
        await expect(exporting).toContainText(t("exports.chosen_rows"));
        await exporting.getByLabel(t("export_format.csv"), { exact: true }).check();
        await look(page, language, "tags-export");
        await exporting.getByRole("button", { name: t("exports.start"), exact: true }).click();
        const fetch = exporting.getByRole("button", { name: t("exports.download"), exact: true });
        await expect(fetch).toBeVisible({ timeout: 30_000 });
        const [download] = await Promise.all([page.waitForEvent("download"), fetch.click()]);
        const made = records(await bytesOf(download));
        expect(made[0]).toHaveLength(3);
        expect(column(made, made[0][0])).toEqual(chosen);
      });
    });

    test.describe("the service desk", () => {
      test.use({ language, who: "service" });

      test("sees no tags", async ({ page, app, t }) => {
        const rm = await Api.as("rm");
        const [{ id }] = (await rm.get("/customers?limit=1")).data;
        await app.open(`/customers/${id}`);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await expect(app.button("tags.add")).toHaveCount(0);
        await app.open("/admin/tags");
        await expect(page.getByRole("heading", { level: 1 })).toContainText(t("missing.title"));
      });
    });
  });
}
