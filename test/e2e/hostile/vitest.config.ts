import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/e2e/hostile/**/*.hostile.ts"],
    // the full form takes hours
    testTimeout: 24 * 3600 * 1000,
    fileParallelism: false,
    reporters: ["default"],
  },
});
