// What every answer carries, and that the controls of these tests can fail.
import { SIGN_INS } from "../support/api.mjs";
import { findings } from "../support/axe.mjs";
import { expect, test } from "../support/test.mjs";

test.describe("headers @B11", () => {
  test.use({ who: null });

  const PAGES = ["/", "/customers", "/admin/users", "/no/such/page", "/help", "/api/docs"];

  for (const path of PAGES) {
    test(`of the page ${path}`, async ({ request }) => {
      const answer = await request.get(path);
      expect(answer.status()).toBe(200);
      const headers = answer.headers();
      const policy = Object.fromEntries(
        headers["content-security-policy"].split(";").map((part) => {
          const [name, ...values] = part.trim().split(/\s+/);
          return [name, values];
        }),
      );
      expect(policy["default-src"]).toEqual(["'none'"]);
      expect(policy["frame-ancestors"]).toEqual(["'none'"]);
      expect(policy["base-uri"]).toEqual(["'none'"]);
      for (const values of Object.values(policy)) {
        expect(values.join(" ")).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
      }
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toBe("no-referrer");
      expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
      expect(headers["cache-control"]).toMatch(/no-cache|no-store/);
      const html = await answer.text();
      for (const [, attributes, body] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/g)) {
        const data = /type="application\/(ld\+)?json"/.test(attributes);
        expect(data || (attributes.includes("src=") && body.trim() === ""), `inline script: ${body.slice(0, 80)}`).toBe(true);
      }
      expect(html).not.toMatch(/\son[a-z]+="|\sstyle="|<style\b|javascript:/);
    });
  }

  test("of files: hashed ones stay for ever, unknown ones are not the page", async ({ request }) => {
    const html = await (await request.get("/")).text();
    const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const path of files) {
      const answer = await request.get(path);
      expect(answer.status(), path).toBe(200);
      expect(answer.headers()["cache-control"], path).toContain("immutable");
      expect(answer.headers()["x-content-type-options"]).toBe("nosniff");
    }
    expect((await request.get("/assets/none-0123456789.js")).status()).toBe(404);
    const wasm = files.find((path) => path.endsWith(".wasm"));
    expect((await request.get(wasm)).headers()["content-type"]).toBe("application/wasm");
  });

  test("of the interface: nothing is kept, errors included", async ({ request }) => {
    const { username, password } = SIGN_INS.rm;
    const signedIn = await request.post("/api/v1/auth/sign-in", { data: { username, password } });
    const { access_token: token } = await signedIn.json();
    const authorization = { authorization: `Bearer ${token}` };
    const answers = [
      signedIn,
      await request.get("/api/v1/me", { headers: authorization }),
      await request.get("/api/v1/customers?limit=1", { headers: authorization }),
      await request.get("/api/v1/customers?limit=1"),
      await request.get("/api/v1/nothing/here", { headers: authorization }),
      await request.post("/api/v1/customers", { headers: authorization, data: "{", }),
    ];
    for (const answer of answers) {
      expect(answer.headers()["cache-control"], answer.url()).toBe("no-store");
      expect(answer.headers()["x-content-type-options"], answer.url()).toBe("nosniff");
      expect(answer.headers()["content-security-policy"], answer.url()).toContain("default-src 'none'");
    }
    expect(signedIn.headers()["set-cookie"]).toMatch(/HttpOnly/i);
    expect(signedIn.headers()["set-cookie"]).toMatch(/SameSite=Strict/i);
  });

  test("the reference page shows itself without a violation", async ({ page }) => {
    await page.goto("/api/docs");
    await expect(page.getByRole("heading").first()).toBeVisible();
    // The page has no style of its own: the size of its controls is the browser's (exception of WCAG 2.5.8).
    expect(await findings(page, { except: ["target-size"] })).toEqual([]);
  });

  test("a violation does not pass unnoticed", async ({ page, hygiene }) => {
    await page.goto("/");
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.intruder = true";
      document.body.append(script);
    });
    await expect.poll(() => hygiene.faults().some((fault) => fault.startsWith("policy:"))).toBe(true);
    expect(await page.evaluate(() => "intruder" in window)).toBe(false);
    hygiene.forgive();
  });
});

test.describe("the controls", () => {
  test.use({ who: null });

  test("notice exceptions, errors and refusals", async ({ page, hygiene }) => {
    await page.goto("/");
    await page.evaluate(() => {
      console.error("something is wrong");
      setTimeout(() => {
        throw new Error("unforeseen");
      });
      return fetch("/api/v1/me").then(() => fetch("http://127.0.0.1:9/").catch(() => {}));
    });
    const kinds = () => new Set(hygiene.faults().map((fault) => fault.split(":")[0]));
    await expect.poll(() => [...kinds()].sort()).toEqual(expect.arrayContaining(["answer", "console", "exception", "policy"]));
    hygiene.forgive();
  });

  test("axe finds what is wrong", async ({ page }) => {
    await page.goto("/");
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await page.evaluate(() => {
      const field = document.createElement("input");
      const text = document.createElement("p");
      text.textContent = "hardly to be read";
      text.style.color = "#ddd";
      document.querySelector("main").append(field, text);
    });
    const found = (await findings(page)).map((line) => line.split(":")[0]);
    expect(found).toEqual(expect.arrayContaining(["label", "color-contrast"]));
  });
});
