import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../../..", import.meta.url)),
    include: ["test/e2e/looking-glass/load/*.load.ts"],
    globalSetup: "test/e2e/looking-glass/setup.ts",
    server: { deps: { external: [/\/examples\//] } },
    // a million routes take bgpd some time, on a machine with other work more
    testTimeout: 300_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
