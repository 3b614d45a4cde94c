// Accessibility by axe-core. Its source is handed to the page as a script of the debugger, which no policy blocks.
import { readFileSync } from "node:fs";
import { expect } from "@playwright/test";

const SOURCE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/**
 * What axe finds on the page as it stands, and what it could not decide, one line for each element; by all rules but
 * those in `except`, or by `rules` alone.
 */
export async function findings(page, { rules = null, except = [] } = {}) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(SOURCE);
  return page.evaluate(
    async ([runOnly, except]) => {
      const result = await window.axe.run(document, {
        runOnly,
        rules: Object.fromEntries(except.map((rule) => [rule, { enabled: false }])),
        resultTypes: ["violations", "incomplete"],
      });
      const line = (rule, node, why) => `${rule.id}: ${node.target.join(" ")}: ${why.replace(/\s+/g, " ")}`;
      const found = result.violations.flatMap((rule) => rule.nodes.map((node) => line(rule, node, node.failureSummary)));
      // Contrasts that cannot be measured where things lie over each other. Everything else that is left open is a finding.
      const boxOf = (element) => element.getBoundingClientRect();
      const scrolledAway = (element) => {
        const own = boxOf(element);
        for (let box = element.parentElement; box; box = box.parentElement) {
          if (!/auto|scroll/.test(getComputedStyle(box).overflow)) continue;
          const area = boxOf(box);
          const inside = own.top >= area.top && own.bottom <= area.bottom && own.left >= area.left && own.right <= area.right;
          if (!inside) return true;
        }
        return false;
      };
      const covered = (element) => {
        const own = boxOf(element);
        return [...document.querySelectorAll(".combo__list, .menu__list, .popover__body, .picked, .toast, .calendar")].some((float) => {
          const area = boxOf(float);
          const apart = own.right <= area.left || own.left >= area.right || own.bottom <= area.top || own.top >= area.bottom;
          return !float.contains(element) && area.width > 0 && !apart;
        });
      };
      const withinDialog = (element) => {
        const dialog = element.closest("dialog[open]");
        if (!dialog) return false;
        const [own, area] = [boxOf(element), boxOf(dialog)];
        return own.left >= area.left && own.right <= area.right && own.top >= area.top && own.bottom <= area.bottom;
      };
      // The surface of a dialog is opaque: what lies half under it, such as the bar of a phone, is behind none of its words.
      const overlapped = (element) => scrolledAway(element) || covered(element) || withinDialog(element);
      // What is drawn axe takes for a picture: its words are measured here, on the surface that the drawing lies on.
      const luminance = (colour) => {
        const [r, g, b] = colour.match(/[\d.]+/g).map((part) => Number(part) / 255);
        const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
      };
      const drawnWell = (element) => {
        const drawing = element.closest("svg.network, .curve svg");
        if (!drawing) return false;
        const [one, other] = [getComputedStyle(element).fill, getComputedStyle(drawing.closest(".panel")).backgroundColor].map(luminance);
        return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) >= 4.5;
      };
      const known = {
        imgNode: drawnWell,
        elmPartiallyObscured: (element) => scrolledAway(element) || covered(element),
        bgOverlap: (element) => overlapped(element) || drawnWell(element),
        // What axe says in place of an overlap where there is one letter or none.
        shortTextContent: overlapped,
        emptyValue: overlapped,
        elmPartiallyObscuring: (element) => element.closest(".combo__list, .menu__list, .popover__body") !== null,
        // The line and the dots of a history stand beside its words.
        pseudoContent: (element) => element.closest(".timeline") !== null,
      };
      const open = result.incomplete.flatMap((rule) =>
        rule.nodes
          .filter((node) => {
            const element = document.querySelector(node.target.at(-1));
            const why = node.any[0]?.data?.messageKey;
            return !(rule.id === "color-contrast" && element && known[why]?.(element));
          })
          .map((node) => line(rule, node, `undecided, ${node.any[0]?.data?.messageKey ?? ""} ${node.html.slice(0, 160)}`)),
      );
      return [...found, ...open];
    },
    [rules ? { type: "rule", values: rules } : { type: "tag", values: TAGS }, except],
  );
}

/** The page scrolls in one direction only. */
export async function expectNoSidewaysScrolling(page, what) {
  const widths = await page.evaluate(() => {
    const wide = [document.documentElement, ...document.querySelectorAll("main, dialog[open], .dialog__body, .popover__body")]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      .map((element) => {
        const culprit = [...element.querySelectorAll("*")].find((inner) => inner.getBoundingClientRect().right > innerWidth + 1);
        return `${element.tagName}.${element.className} ${element.scrollWidth} > ${element.clientWidth}: ${culprit?.outerHTML.slice(0, 160)}`;
      });
    return wide;
  });
  expect.soft(widths, `no scrolling to the side: ${what}`).toEqual([]);
}

/** Every text lies inside of the window and of what holds it, and none runs down the page letter by letter. */
export async function expectNothingCutOff(page, what) {
  const faults = await page.evaluate(() => {
    const top = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
    const range = document.createRange();
    const faults = [];
    const walker = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.data.trim();
      const holder = node.parentElement;
      if (!text || holder.closest(".sr-only, .spoken, .skip, option, script, style, svg") || !holder.checkVisibility()) continue;
      range.selectNodeContents(node);
      const lines = [...range.getClientRects()].filter((line) => line.width > 0);
      if (!lines.length) continue;
      const left = Math.min(...lines.map((line) => line.left));
      const right = Math.max(...lines.map((line) => line.right));
      const bottom = Math.max(...lines.map((line) => line.bottom));
      const name = `"${text.slice(0, 40)}" in ${holder.tagName}.${holder.className}`;
      const size = parseFloat(getComputedStyle(holder).fontSize);
      if (lines.length > 3 && right - left < 2.2 * size) faults.push(`letter by letter: ${name}`);
      // What scrolls inside of its box, or is shortened with an ellipsis, is not cut off further out.
      let [across, down] = [false, false];
      for (let box = holder; box && box !== top.parentElement; box = box.parentElement) {
        const style = getComputedStyle(box);
        const area = box.getBoundingClientRect();
        const clips = (overflow) => ["hidden", "clip"].includes(overflow);
        const scrolls = (overflow) => ["auto", "scroll"].includes(overflow);
        across ||= scrolls(style.overflowX) && box.scrollWidth > box.clientWidth + 1;
        across ||= clips(style.overflowX) && (style.textOverflow === "ellipsis" || box.matches(".topbar__search, .palette__text"));
        down ||= scrolls(style.overflowY) && box.scrollHeight > box.clientHeight + 1;
        down ||= style.webkitLineClamp !== "none";
        if (clips(style.overflowX) && !across && right > area.right + 1) faults.push(`cut off at the right: ${name}`);
        if (clips(style.overflowY) && !down && bottom > area.bottom + 2) faults.push(`cut off below: ${name} by ${box.tagName}.${box.className}`);
        // What stands at the edge of the window is not cut off by what it belongs to.
        if (style.position === "fixed" && box !== top) break;
      }
      if (!across && (right > innerWidth + 1 || left < -1)) faults.push(`outside of the window: ${name}`);
    }
    return faults;
  });
  expect.soft(faults, `nothing is cut off: ${what}`).toEqual([]);
}
