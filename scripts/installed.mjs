// Fails with one sentence if the dependencies are not installed. npm runs it before `npm test` and
// the like, which would otherwise end with "not found" for the first tool.
import { existsSync } from "node:fs";

if (!existsSync(new URL("../node_modules/.package-lock.json", import.meta.url))) {
  const name = process.env.npm_lifecycle_event?.replace(/^pre/, "") ?? "test";
  console.error(
    `npm run ${name}: the dependencies are not installed. Run "make ${name}", which installs them first.`,
  );
  process.exitCode = 1;
}
