import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../..", import.meta.url)),
    include: ["test/e2e/daemons/*.daemon.ts"],
    globalSetup: "test/e2e/daemons/setup.ts",
    // the examples run as users run them, against the built package
    server: { deps: { external: [/\/examples\//] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // each file starts daemons; one after the other is enough for two cores
    retry: process.env.CI ? 1 : 0,
    fileParallelism: false,
  },
});
