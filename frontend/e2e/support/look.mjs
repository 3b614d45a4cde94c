// A screen as people see it: both themes, the desk, a phone and the smallest windows. Pictures in results/ for people to
// judge are taken where GUANXI_PICTURES is set, as `cargo xtask test --only browser` does.
import { mkdirSync } from "node:fs";

import { expectNoSidewaysScrolling, expectNothingCutOff, findings } from "./axe.mjs";
import { expect } from "./test.mjs";

export const DESK = { width: 1366, height: 768 };
export const PHONE = { width: 390, height: 844 };
// What is left of the desk at 200 %, and the narrowest window that WCAG 1.4.10 asks for.
const SMALL = [
  { width: 683, height: 384 },
  { width: 320, height: 640 },
];
const PICTURES = new URL("../results/", import.meta.url).pathname;
mkdirSync(PICTURES, { recursive: true });

/** Looks at what is shown now in both themes and both sizes. */
export async function look(page, language, name) {
  const picture = async (theme, size) => {
    if (!process.env.GUANXI_PICTURES) return;
    await page.screenshot({ path: `${PICTURES}${name}-${language}-${theme}-${size}.png`, animations: "disabled" });
  };
  // What is set back while newer rows are on their way is not what people read.
  await expect(page.locator(".table--stale, .skeleton")).toHaveCount(0);
  // Of all rules only the contrast knows the theme; on a phone, in the dark, all of them are asked again.
  for (const [theme, rules] of [["light", null], ["dark", ["color-contrast"]]]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    expect.soft(await findings(page, { rules }), `axe: ${name}, ${language}, ${theme}`).toEqual([]);
    await picture(theme, "1366");
  }
  await page.setViewportSize(PHONE);
  await expectNoSidewaysScrolling(page, `${name}, ${language}`);
  expect.soft(await findings(page), `axe: ${name}, ${language}, phone, dark`).toEqual([]);
  await picture("dark", "390");
  await page.emulateMedia({ colorScheme: "light" });
  await picture("light", "390");
  for (const size of SMALL) {
    await page.setViewportSize(size);
    await expectNoSidewaysScrolling(page, `${name}, ${language}, ${size.width}`);
    await expectNothingCutOff(page, `${name}, ${language}, ${size.width}`);
    await picture("light", `${size.width}`);
  }
  await page.setViewportSize(DESK);
}

export async function pressEscape(page) {
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
}
