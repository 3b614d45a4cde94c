// Run by `cargo xtask test`, which starts the server and sets the variables.
import { defineConfig } from "@playwright/test";

import { URL_OF_SERVER } from "./support/server.mjs";

export default defineConfig({
  testDir: "tests",
  testMatch: "**/*.spec.mjs",
  outputDir: "results/runs",
  // One for each server, see support/server.mjs; the tests of a file run one after another.
  workers: (process.env.GUANXI_URL ?? "").split("\n").length,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    baseURL: URL_OF_SERVER,
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
