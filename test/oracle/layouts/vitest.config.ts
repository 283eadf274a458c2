import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL("../../..", import.meta.url)),
    include: ["test/oracle/layouts/*.full.ts"],
    testTimeout: 120_000,
    // print the numbers that were compared
    reporters: [["default", { summary: false }]],
  },
});
