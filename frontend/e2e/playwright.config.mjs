// Run by `cargo xtask test`, which starts the server and sets the variables.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "tests",
  testMatch: "**/*.spec.mjs",
  outputDir: "results/runs",
  // The demo users are few, and their preferences are theirs alone: one test at a time.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    baseURL: process.env.GUANXI_URL,
    browserName: "chromium",
    viewport: { width: 1366, height: 768 },
    timezoneId: "Asia/Shanghai",
    launchOptions: {
      executablePath: process.env.CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
    screenshot: "only-on-failure",
    trace: process.env.CI ? "off" : "retain-on-failure",
    contextOptions: { reducedMotion: "reduce" },
  },
});
