// The bar at the bottom of a phone: one row, whoever is signed in, and everything else one press away.
import { look, PHONE } from "../support/look.mjs";
import { Keyboard } from "../support/keyboard.mjs";
import { expect, test } from "../support/test.mjs";
import { LANGUAGES } from "../support/words.mjs";

const ROLES = ["rm", "adviser", "outlet_head", "deputy_manager", "branch_manager", "teller", "service", "admin", "auditor"];

/** The places of the bar that can be seen, and whether all of their words can. */
const bar = (page) =>
  page.locator(".rail").evaluate((rail) => {
    const seen = [...rail.querySelectorAll(".rail__link")].filter((place) => place.checkVisibility());
    const words = seen.map((place) => [...place.querySelectorAll("span")].find((span) => span.checkVisibility()));
    return {
      rows: new Set(seen.map((place) => Math.round(place.getBoundingClientRect().top))).size,
      height: rail.getBoundingClientRect().height,
      count: seen.length,
      cut: words.filter((span) => span.scrollWidth > span.clientWidth).map((span) => span.textContent),
      small: seen.filter((place) => place.getBoundingClientRect().width < 44 || place.getBoundingClientRect().height < 44).length,
    };
  });

for (const language of LANGUAGES) {
  test.describe(language, () => {
    test.use({ language });
    test.describe.configure({ timeout: 150_000 });

    for (const role of ROLES) {
      test.describe(role, () => {
        test.use({ who: role });

        test("one row, every word whole", async ({ page, app }) => {
          await page.setViewportSize(PHONE);
          await app.open("/customers");
          for (const width of [390, 360, 320]) {
            await page.setViewportSize({ width, height: 640 });
            const shown = await bar(page);
            expect.soft(shown, `${width} px`).toMatchObject({ rows: 1, count: 5, cut: [], small: 0 });
            expect.soft(shown.height, `${width} px`).toBeLessThanOrEqual(64);
          }
        });
      });
    }

    test("more opens a sheet with everything else", async ({ page, app, t }) => {
      await page.setViewportSize(PHONE);
      await app.open("/customers");
      const more = page.getByRole("button", { name: t("shell.more"), exact: true });
      const sheet = app.dialog("shell.more_title");
      await expect(more).toHaveAttribute("aria-expanded", "false");
      await more.click();
      await expect(more).toHaveAttribute("aria-expanded", "true");
      await expect(sheet.getByRole("link").first()).toBeFocused();
      const bar = await page.getByRole("navigation", { name: t("shell.navigation") }).getByRole("link").allTextContents();
      const rest = await sheet.getByRole("link").allTextContents();
      expect(rest).toEqual(expect.arrayContaining([t("nav.surveys"), t("nav.products"), t("nav.tiers"), t("nav.rates"), t("nav.help")]));
      expect(rest.filter((name) => bar.includes(name)), "nothing stands in both").toEqual([]);
      await look(page, language, "more");
      await page.setViewportSize(PHONE);
      await page.keyboard.press("Escape");
      await expect(sheet).toHaveCount(0);
      await expect(more).toBeFocused();
      await expect(more).toHaveAttribute("aria-expanded", "false");

      await more.click();
      await sheet.getByRole("link", { name: t("nav.surveys"), exact: true }).click();
      await expect(page.getByRole("heading", { level: 1, name: t("surveys.title") })).toBeVisible();
      await expect(sheet).toHaveCount(0);
      await expect(page.locator(".rail__more"), "what is shown is behind it").toHaveClass(/is-here/);
      await more.click();
      await expect(sheet.getByRole("link", { name: t("nav.surveys"), exact: true })).toHaveAttribute("aria-current", "page");
      // A press beside it shuts it, too.
      await page.mouse.click(195, 40);
      await expect(sheet).toHaveCount(0);
    });

    test("more by keyboard alone", async ({ page, app, t }) => {
      await page.setViewportSize({ width: 320, height: 640 });
      await app.open("/tasks");
      const keys = new Keyboard(page);
      const more = page.getByRole("button", { name: t("shell.more"), exact: true });
      await keys.to(more);
      await keys.press("Enter");
      const sheet = app.dialog("shell.more_title");
      await expect(sheet).toBeVisible();
      await keys.to(sheet.getByRole("link", { name: t("nav.rates"), exact: true }));
      await keys.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: t("rates.title") })).toBeVisible();
      await expect(sheet).toHaveCount(0);
    });
  });
}
