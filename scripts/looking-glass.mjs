#!/usr/bin/env node
// Starts the looking glass and everything that it needs: bgpd, relay, page.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { interrupted, reportFailure, run, UsageError } from "./lib/run.mjs";

const HELP = `Usage: node scripts/looking-glass.mjs [--routes N] [--port PORT] [--build-only]

Starts three bgpds that speak BGP with each other on the loopback interface, a relay to the
restricted socket of one, and the page; prints the page's address, and stops all on Ctrl-C.
Needs root, as bgpd does, and the built package (make).

  --routes N     so many routes more, 0 to 65536; 0 if absent
  --port PORT    of the page, on 127.0.0.1; a free one if absent
  --build-only   only build the page into build/looking-glass
`;

const top = fileURLToPath(new URL("..", import.meta.url));
const folder = fileURLToPath(new URL("../build/looking-glass", import.meta.url));

function options() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        routes: { type: "string", default: "0" },
        port: { type: "string", default: "0" },
        "build-only": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  const whole = (name, most) => {
    const value = Number(values[name]);
    if (/^\d+$/.test(values[name]) && value <= most) return value;
    throw new UsageError(`--${name}: a number from 0 to ${most}, not "${values[name]}"`);
  };
  return { ...values, routes: whole("routes", 65536), port: whole("port", 65535) };
}

/** The functions that stop the started parts, in the order of the starts. */
const started = [];

async function start({ routes, port }) {
  const { startRouters } = await import("../examples/looking-glass/setup/routers.mjs");
  const { startService } = await import("../examples/looking-glass/setup/service.mjs");

  console.log("looking-glass: starting bgpd …");
  const routers = await startRouters(routes);
  started.push(routers.stop);
  const token = randomBytes(16).toString("hex");
  const place = { host: "127.0.0.1", port };
  const socket = routers.bgpd.restricted;
  const service = await startService({ folder, socket, place, token });
  started.push(service.close);
  // behind the #, which browsers do not send
  console.log(`looking-glass: ${service.url}#token=${token}`);
  console.log("looking-glass: Ctrl-C stops everything");
  // in an object: awaiting the start must not await this promise, too
  return { ended: Promise.race(routers.all.map(({ ended }) => ended)) };
}

async function main() {
  const given = options();
  if (given.help) {
    process.stdout.write(HELP);
    return;
  }
  if (!existsSync(`${top}dist/relay.js`)) {
    throw new UsageError("the package is not built: run `make` first");
  }
  const { buildPage } = await import("../examples/looking-glass/setup/build.mjs");
  await buildPage(folder);
  if (given["build-only"]) return;
  if (process.getuid?.() !== 0) {
    throw new UsageError("bgpd gives its children users of their own: run this as root");
  }
  const check = await run(process.execPath, [`${top}scripts/daemons.mjs`, "--check", "bgpd"]);
  if (check.code !== 0) throw new UsageError(check.stderr.trim());

  const stopped = interrupted();
  const starting = start(given);
  try {
    const ended = starting.then((running) => running.ended);
    const words = await Promise.race([stopped, ended]);
    if (words !== undefined) throw new Error(words);
    console.log("looking-glass: stopping …");
  } finally {
    // a part that was starting when the signal arrived has to be stopped, too
    await starting.catch(() => {});
    for (const end of started.reverse()) await end();
  }
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  reportFailure("looking-glass", error);
  const isUsage = error instanceof UsageError;
  if (isUsage && !/^(the package|bgpd|OpenBGPD)/.test(error.message))
    process.stderr.write(`\n${HELP}`);
}
