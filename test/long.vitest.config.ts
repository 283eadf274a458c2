import { defineConfig } from "vitest/config";

/** The tests that take minutes: all planted faults, and builds from altered files. */
export default defineConfig({
  test: {
    include: ["test/**/*.long.ts"],
    globalSetup: "test/helpers/built.ts",
    testTimeout: 900_000,
    hookTimeout: 300_000,
    maxWorkers: "100%",
    retry: process.env.CI ? 1 : 0,
  },
});
