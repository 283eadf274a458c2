import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../..", import.meta.url)),
    include: ["test/e2e/looking-glass/*.page.ts"],
    globalSetup: "test/e2e/looking-glass/setup.ts",
    // the server and the routers run in node without a transformation
    server: { deps: { external: [/\/examples\//] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // each file starts daemons and a browser; one after the other is enough for two cores
    retry: process.env.CI ? 1 : 0,
    fileParallelism: false,
  },
});
