#!/usr/bin/env node
// The site: documents, API reference and playground.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { interrupted, reportFailure, UsageError } from "./lib/run.mjs";

const HELP = `Usage: node scripts/site.mjs [--serve] [--port PORT] [--no-api] [--out FOLDER]

Builds the site into a folder. Needs the built package (make).

  --serve        serves it on 127.0.0.1 afterwards, and prints the address; Ctrl-C stops it
  --port PORT    to serve on; a free one if absent
  --no-api       leaves the API reference out, which takes most of the time

  --out FOLDER   where it is built, build/site if absent; what was there is removed

Exit code: 0, 1 if building or serving fails, 2 for wrong arguments.
`;

const top = fileURLToPath(new URL("..", import.meta.url));

function options() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        serve: { type: "boolean", default: false },
        port: { type: "string", default: "0" },
        out: { type: "string", default: `${top}build/site` },
        "no-api": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65535) {
    throw new UsageError(`--port: a number from 0 to 65535, not "${values.port}"`);
  }
  return { ...values, out: resolve(values.out), port };
}

async function serve(folder, port) {
  const { serveSite } = await import("../site/setup/serve.mjs");
  const stopped = interrupted();
  const server = await serveSite(folder, port);
  console.log(`site: http://127.0.0.1:${server.port}/`);
  console.log("site: Ctrl-C stops it");
  await stopped;
  await server.close();
}

async function main() {
  const given = options();
  if (given.help) {
    process.stdout.write(HELP);
    return;
  }
  if (!existsSync(`${top}dist/index.js`)) {
    throw new UsageError("the package is not built: run `make` first");
  }
  const { buildSite } = await import("../site/setup/build.mjs");
  await buildSite(given.out, { api: !given["no-api"] });
  if (given.serve) await serve(given.out, given.port);
}

try {
  await main();
} catch (error) {
  reportFailure("site", error);
}
