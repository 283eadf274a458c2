import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../..", import.meta.url)),
    include: ["test/e2e/site/*.page.ts"],
    globalSetup: "test/e2e/site/setup.ts",
    // the server is run as node runs it
    server: { deps: { external: [/\/site\/setup\//] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // each file starts a browser
    maxWorkers: 2,
  },
});
