// Prints "N passed, N failed" over the reports of several test runs, as the last
// line of CI: vitest's JSON, and the matrix of scripts/runtimes.mjs.
import { existsSync, readFileSync } from "node:fs";

const files = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;

function addVitest(report) {
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  // a file that could not be loaded has no tests, and counts as one failure
  failed += report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  ).length;
}

for (const file of files) {
  if (!existsSync(file)) {
    console.log(`${file} is missing: its tests count as one that failed`);
    failed++;
    continue;
  }
  const report = JSON.parse(readFileSync(file, "utf8"));
  if (Array.isArray(report)) {
    for (const runtime of report) {
      passed += runtime.passed;
      failed += runtime.failed;
    }
  } else addVitest(report);
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
