// Contacts and tasks: recorded by mouse and by keys alone, found by their words, worked in their place.
import { randomUUID } from "node:crypto";

import { expectNoSidewaysScrolling, findings } from "../support/axe.mjs";
import { day } from "../support/dates.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const PHONE = { width: 390, height: 844 };

/** Nothing for axe to find, light and dark, and nothing to scroll to the side on a phone. */
async function look(page, name) {
  const size = page.viewportSize();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect.soft(await findings(page), `axe: ${name}, ${colorScheme}`).toEqual([]);
  }
  await page.setViewportSize(PHONE);
  await expectNoSidewaysScrolling(page, name);
  // What is scrolled out of a form has nothing behind it to be measured against.
  const end = page.locator("dialog .form__actions").last();
  if (await end.count()) await end.scrollIntoViewIfNeeded();
  expect.soft(await findings(page), `axe: ${name}, phone`).toEqual([]);
  await page.setViewportSize(size);
}

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 90_000 });

    test("a contact by mouse, with its next step", async ({ page, app, api, t }) => {
      const customer = await api.newPerson();
      const word = `翡翠${randomUUID().slice(0, 4)}`;
      await app.open(`/customers/${customer.id}`);
      await app.button("log.action").click();
      const dialog = app.dialog("log.title", { name: customer.name });
      await expect(app.field("log.notes", dialog)).toBeFocused();
      await look(page, "the form of a contact");
      await dialog.getByRole("radio", { name: t("interaction_outcome.interested") }).check();
      await app.field("log.notes", dialog).fill(`客户看中了${word}`);
      await app.field("log.step", dialog).fill(`送${word}`);
      await app.button("common.save", {}, dialog).click();
      await expect(dialog).toHaveCount(0);
      await expect(app.toast(t("log.saved"))).toBeVisible();

      await page.getByRole("tab", { name: t("nav.contacts") }).click();
      const entry = page.locator("li.contact").filter({ hasText: word });
      await expect(entry).toContainText(t("interaction_outcome.interested"));
      await expect(page.getByRole("button", { name: t("tasks.complete"), exact: true })).toHaveCount(1);
      await look(page, "the timeline of a customer");

      await test.step("changed and archived by its author, and taken back", async () => {
        // Reading the list again takes its time, so that a menu opened meanwhile has to stand it.
        await page.route("**/interactions?*", async (route) => {
          await new Promise((resolve) => setTimeout(resolve, 500));
          await route.continue();
        });
        await entry.getByRole("button").click();
        await app.menuItem("contacts.edit").click();
        const change = app.dialog("log.edit_title", { name: customer.name });
        await expect(app.field("log.notes", change)).toHaveValue(`客户看中了${word}`);
        await app.field("log.notes", change).fill(`客户订了${word}`);
        await app.button("common.save", {}, change).click();
        await expect(entry).toContainText("客户订了");
        await entry.getByRole("button").click();
        await app.menuItem("contacts.archive").click();
        await expect(entry).toHaveCount(0);
        await app.toast(t("contacts.archived")).getByRole("button", { name: t("common.undo") }).click();
        await expect(entry).toHaveCount(1);
      });

      await test.step("found by its words, which stand in no address", async () => {
        await app.go("/interactions");
        await page.getByRole("textbox", { name: t("contacts.search") }).fill(word);
        await expect(page.locator("li.contact")).toHaveCount(1);
        await expect(page.locator("li.contact").getByRole("link", { name: customer.name })).toBeVisible();
        expect(page.url()).not.toContain(encodeURIComponent(word));
        await look(page, "the search of contacts");
      });
    });

    test("a contact by keys alone", async ({ page, app, api, t }) => {
      const customer = await api.newPerson();
      const keyboard = new Keyboard(page);
      await app.open(`/customers/${customer.id}`);
      // The page of a customer is there before its customer is.
      await expect(page.getByRole("heading", { level: 1, name: customer.name })).toBeVisible();
      await page.keyboard.press("c");
      const dialog = app.dialog("log.title", { name: customer.name });
      await expect(app.field("log.notes", dialog)).toBeFocused();
      await keyboard.type("只用键盘");
      await keyboard.to(app.field("log.step", dialog));
      await keyboard.type("回电");
      await keyboard.press("Enter");
      await expect(dialog).toHaveCount(0);
      const [contact] = (await api.get(`/customers/${customer.id}/interactions`)).data;
      expect(contact).toMatchObject({ notes: "只用键盘", outcome: "reached", kind: "call" });
      const [task] = (await api.get(`/customers/${customer.id}/tasks`)).data;
      expect(task).toMatchObject({ title: "回电", source: "interaction" });
      // The letter belongs to the field when one types.
      await page.keyboard.press("c");
      await expect(dialog).toBeVisible();
      await keyboard.type("c");
      await expect(app.field("log.notes", dialog)).toHaveValue("c");
    });

    test("tasks are done, postponed and handed over in their place", async ({ page, app, api, t }) => {
      const customer = await api.newPerson();
      const title = (word) => `${word}${customer.customer_no}`;
      for (const word of ["做", "推", "交"]) {
        const due_on = day(word === "做" ? 30 : 0);
        await api.create("/tasks", { title: title(word), due_on, customer_id: customer.id });
      }
      await app.open(`/customers/${customer.id}?tab=contacts`);
      const line = (word) => page.locator(".lines > li").filter({ hasText: title(word) });
      await expect(line("做")).toHaveCount(1);

      await app.button("tasks.complete", {}, line("做")).click();
      await expect(line("做")).toHaveCount(0);
      await app.toast(t("tasks.done")).getByRole("button", { name: t("common.undo") }).click();
      await expect(line("做")).toHaveCount(1);

      await app.button("tasks.menu", { title: title("推") }, line("推")).click();
      await app.menuItem("tasks.postpone").click();
      const dialog = app.dialog("tasks.postpone_title", { title: title("推") });
      await look(page, "the form that postpones");
      await dialog.getByRole("radio", { name: t("tasks.seven_days") }).check();
      await app.field("tasks.reason", dialog).fill("客户出差");
      await app.button("tasks.postpone_action", {}, dialog).click();
      await expect(dialog).toHaveCount(0);
      const [pushed] = (await api.get(`/customers/${customer.id}/tasks`)).data.filter((task) => task.title === title("推"));
      expect(pushed.due_on > day()).toBe(true);

      await app.button("tasks.menu", { title: title("交") }, line("交")).click();
      await app.menuItem("tasks.hand_over").click();
      const hand = app.dialog("tasks.hand_over_title", { title: title("交") });
      const select = app.field("field.assignee", hand);
      await expect(select.getByRole("option")).not.toHaveCount(1);
      await select.selectOption({ index: 1 });
      await app.button("tasks.hand_over_action", {}, hand).click();
      await expect(hand).toHaveCount(0);
      const [given] = (await api.get(`/customers/${customer.id}/tasks`)).data.filter((task) => task.title === title("交"));
      expect(given.assignee.id).not.toBe(api.me.id);

      await app.go("/tasks");
      await expect(page.getByRole("tab", { name: t("tasks.mine") })).toHaveAttribute("aria-selected", "true");
      await look(page, "the tasks");
      await page.getByRole("tab", { name: t("tasks.team") }).click();
      await expect(page.getByRole("tab", { name: t("tasks.team") })).toHaveAttribute("aria-selected", "true");
    });
  });
}
