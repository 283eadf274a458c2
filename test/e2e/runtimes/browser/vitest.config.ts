// The suite in vitest's browser mode, run in the project that scripts/runtimes.mjs
// makes: IMSG_BROWSER names the browser, IMSG_RELAY is the relay's URL.
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { LAUNCH } from "./launch.ts";
import { webkitgtk } from "./webkit.ts";

const browser = process.env.IMSG_BROWSER as keyof typeof LAUNCH | "webkit";
const provider =
  browser === "webkit" ? webkitgtk() : playwright({ launchOptions: LAUNCH[browser] });

export default defineConfig({
  // load the package as installed, not bundled by Vite
  optimizeDeps: { exclude: ["imsg-wasm"] },
  test: {
    include: ["test/e2e/runtimes/browser/*.browser.mjs"],
    provide: { relay: process.env.IMSG_RELAY },
    fileParallelism: false,
    // more than the time-out of a case
    testTimeout: 70_000,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      api: { host: "127.0.0.1" },
      provider,
      instances: [{ browser }],
    },
  },
});
