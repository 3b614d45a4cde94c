// Accessibility by axe-core. Its source is handed to the page as a script of the debugger, which no policy blocks.
import { readFileSync } from "node:fs";
import { expect } from "@playwright/test";

const SOURCE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe finds on the page as it stands, one line for each element; without the rules in `except`. */
export async function violations(page, except = []) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(SOURCE);
  const found = await page.evaluate(async ([values, rules]) => {
    const result = await window.axe.run(document, {
      runOnly: { type: "tag", values },
      rules: Object.fromEntries(rules.map((rule) => [rule, { enabled: false }])),
      resultTypes: ["violations"],
    });
    return result.violations.flatMap((rule) =>
      rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary.replace(/\s+/g, " ")}`),
    );
  }, [TAGS, except]);
  return found;
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
