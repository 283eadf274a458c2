import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/helpers/built.ts",
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // more workers than cores, since many tests wait for child processes and timers
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // promised deadlines have margins, which a busy CI machine may still exceed once
    retry: process.env.CI ? 1 : 0,
    // in watch mode: the tests of the C side do not import its sources
    watchTriggerPatterns: [
      { pattern: /\/(c-src|test\/c)\/.*\.[ch]$/, testsToRun: () => ["test/c/kernel.test.ts"] },
    ],
  },
});
