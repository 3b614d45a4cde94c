// Someone without a mouse: nothing but keys, and at every step one can see where one is.
import { expect } from "@playwright/test";

export class Keyboard {
  constructor(page) {
    this.page = page;
    this.presses = 0;
  }

  /** Presses a key; what has the focus then must be seen to have it. */
  async press(key, times = 1) {
    for (let i = 0; i < times; i += 1) {
      await this.page.keyboard.press(key);
      this.presses += 1;
      await this.focusIsSeen(key);
    }
  }

  async type(text) {
    await this.page.keyboard.type(text);
  }

  /** Moves with Tab until something has the focus. */
  async to(locator, key = "Tab", limit = 80) {
    await expect(locator).toBeVisible();
    for (let i = 0; i < limit; i += 1) {
      if (await locator.evaluate((element) => element === document.activeElement)) return;
      await this.press(key);
    }
    throw new Error(`not reached within ${limit} presses of ${key}: ${locator}`);
  }

  /** What has the focus has a ring and lies uncovered in the window. */
  async focusIsSeen(after) {
    const look = () =>
      this.page.evaluate(() => {
        const element = document.activeElement;
        if (!element || element === document.body || element.matches("main, dialog, [role=tabpanel]")) return null;
        // The palette has one field and nothing else to focus: its caret says it.
        if (element.matches(".palette input")) return null;
        const name = `${element.tagName} ${element.id} ${element.className} ${element.getAttribute("aria-label") ?? element.textContent.slice(0, 40)}`;
        // A field may leave the ring to the box that it stands in, and a hidden radio button to its label.
        const ringed = [element, element.parentElement, element.parentElement?.parentElement].some((candidate) => {
          const style = candidate && getComputedStyle(candidate);
          return (
            style &&
            ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && !/, 0\)$/.test(style.outlineColor)) ||
              (candidate !== document.body && style.boxShadow !== "none" && /0px 0px 0px [123]px/.test(style.boxShadow)))
          );
        });
        const area = element.getBoundingClientRect();
        const x = Math.min(Math.max(area.left + Math.min(area.width / 2, 20), 0), innerWidth - 1);
        const y = Math.min(Math.max(area.top + area.height / 2, 0), innerHeight - 1);
        const top = document.elementFromPoint(x, y);
        const related = top && (element.contains(top) || top.contains(element) || top.closest("label")?.contains(element));
        const inside = area.bottom > 0 && area.right > 0 && area.top < innerHeight && area.left < innerWidth;
        if (ringed && inside && related) return null;
        return { name, ringed, inside, coveredBy: related ? null : top?.outerHTML.slice(0, 120) };
      });
    await expect.poll(look, { message: `the focus is seen after ${after}`, timeout: 2_000, intervals: [0, 50, 150, 300] }).toBeNull();
  }
}
