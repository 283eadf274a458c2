import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../..", import.meta.url)),
    include: ["test/oracle/layouts/*.full.ts"],
    testTimeout: 120_000,
    // the numbers that were compared are what this is run for
    reporters: [["default", { summary: false }]],
  },
});
