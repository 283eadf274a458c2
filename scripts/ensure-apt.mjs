#!/usr/bin/env node
// Installs the Debian packages that are missing. Prints nothing if none is.

import { install, missingPackages } from "./lib/apt.mjs";
import { runMain, UserError } from "./lib/run.mjs";

const HELP = `Usage: node scripts/ensure-apt.mjs PACKAGE[=VERSION]...

A package counts as there if Debian's package manager says so, or, when no version is asked for,
if a command of its name is in PATH. Installing needs root and apt-get.

Exit code: 0 if all are there at the end, 1 if not.
`;

await runMain("ensure-apt", async (specs) => {
  if (specs.includes("--help") || specs.includes("-h")) {
    process.stdout.write(HELP);
    return;
  }
  const bad = specs.find((spec) => !/^[a-z0-9][a-z0-9+.:-]*(=[\w.+:~-]+)?$/.test(spec));
  if (specs.length === 0 || bad) {
    throw new UserError(`${bad ? `"${bad}" is no package` : "no package named"}\n\n${HELP}`);
  }
  const missing = await missingPackages(specs);
  if (missing.length > 0) await install(missing);
  const still = await missingPackages(specs);
  if (still.length > 0) throw new UserError(`${still.join(", ")} did not get installed.`);
});
