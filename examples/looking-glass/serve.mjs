#!/usr/bin/env node
// Serves the looking glass of a bgpd that runs already.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runMain, UsageError } from "../common/printer.mjs";
import { checkSocket, defaultSocket, SOCKETS } from "./setup/probe.mjs";
import { startService } from "./setup/service.mjs";

/** @import { Printer } from "../common/printer.mjs" */
/** @import { Place } from "./setup/server.mjs" */

const HELP = `Usage: node examples/looking-glass/serve.mjs [--socket PATH] [--listen PLACE] [OPTION ...]

Serves a page that shows what a running bgpd 8.8 knows. The page only reads: the relay behind it lets
four kinds of requests pass, to a control socket that bgpd itself restricts to reading.

  --socket PATH      bgpd's restricted socket; else the first that exists of
                     ${SOCKETS.slice(0, 2).join(", ")},
                     ${SOCKETS.slice(2).join(", ")}
  --listen PLACE     HOST:PORT, PORT of 127.0.0.1, or unix:PATH for a proxy; 127.0.0.1:8180 if absent
  --mode MODE        the permissions of the file of unix:PATH; 660 if absent
  --origin ORIGIN    where browsers find the page, such as https://lg.example.net, if that is not the
                     address of --listen; several are possible
  --token-file FILE  a file with the token that visitors need; without the option a new one is made
  --public           no token: whoever reaches the page may ask
  --max-clients N    pages at once; 64 if absent
  --verbose          print what happens at the relay, a line of JSON for each event
  --page FOLDER      the built page; build/looking-glass if absent, which is built if it is missing
  -h, --help         print this

Exit code: 0 after SIGINT or SIGTERM; 1 if bgpd or the address cannot be used; 2 for wrong arguments.
`;

const BUILT = fileURLToPath(new URL("../../build/looking-glass", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../../dist/relay.js", import.meta.url));
const DEFAULT_PLACE = "127.0.0.1:8180";

function parse() {
  try {
    const { values } = parseArgs({
      options: {
        socket: { type: "string" },
        listen: { type: "string", default: DEFAULT_PLACE },
        mode: { type: "string", default: "660" },
        origin: { type: "string", multiple: true },
        "token-file": { type: "string" },
        public: { type: "boolean", default: false },
        "max-clients": { type: "string" },
        verbose: { type: "boolean", default: false },
        page: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} text @param {string} option @param {number} least @param {number} most */
function whole(text, option, least, most) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${option}: a number from ${least} to ${most}, not "${text}"`);
}

/** @param {string} text @param {string} mode @returns {Place} */
function placeOf(text, mode) {
  if (!/^[0-7]{3}$/.test(mode)) {
    throw new UsageError(`--mode: three octal digits such as 660, not "${mode}"`);
  }
  const [, path] = /^unix:(.+)$/s.exec(text) ?? [];
  if (path !== undefined) return { path, mode: Number.parseInt(mode, 8) };
  const [, host, port] = /^(?:(\[[\da-f:.]+\]|[^:[\]]+):)?(\d+)$/i.exec(text) ?? [];
  if (port === undefined) {
    throw new UsageError(`--listen: 127.0.0.1:8180, [::1]:8180 and unix:/PATH are, not "${text}"`);
  }
  const name = host?.replace(/^\[|\]$/g, "") ?? "127.0.0.1";
  return { host: name, port: whole(port, "--listen: the port", 0, 65_535) };
}

/** Whether a place has no address that a browser could open. */
const isNameless = (/** @type {Place} */ place) =>
  "path" in place || place.host === "0.0.0.0" || place.host === "::";

/** @param {readonly string[] | undefined} given @param {Place} place */
function originsOf(given, place) {
  for (const origin of given ?? []) {
    if (URL.canParse(origin) && new URL(origin).origin === origin.replace(/\/$/, "")) continue;
    throw new UsageError(`--origin: https://lg.example.net is one, "${origin}" is not`);
  }
  if (given === undefined && isNameless(place)) {
    throw new UsageError("--origin is missing: --listen does not say where browsers find the page");
  }
  return given?.map((origin) => new URL(origin).origin);
}

/** @param {string | undefined} file @param {boolean} isPublic */
async function tokenOf(file, isPublic) {
  if (isPublic && file !== undefined) {
    throw new UsageError("--public and --token-file exclude each other");
  }
  if (isPublic) return undefined;
  if (file === undefined) return randomBytes(16).toString("hex");
  return (await readFile(file, "utf8")).trim();
}

/** The folder of the page, which is built if it is missing and no other one is named. */
async function pageAt(/** @type {string | undefined} */ given) {
  if (!existsSync(PACKAGE)) throw new Error("the package is not built: run `make` first");
  if (given !== undefined) {
    if (existsSync(`${given}/index.html`)) return given;
    throw new UsageError(`--page: there is no index.html in ${given}`);
  }
  if (!existsSync(`${BUILT}/index.html`)) {
    const { buildPage } = await import("./setup/build.mjs");
    await buildPage(BUILT);
  }
  return BUILT;
}

/** Resolves at the first signal that ends the program. */
const interrupted = () =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.once(signal, () => resolve(undefined));
    }
  });

/** @param {Printer} out */
async function main(out) {
  const values = parse();
  if (values.help) {
    await out.write(HELP);
    return 0;
  }
  const place = placeOf(values.listen, values.mode);
  const origins = originsOf(values.origin, place);
  const clients = values["max-clients"];
  const maxClients =
    clients === undefined ? undefined : whole(clients, "--max-clients", 1, 100_000);
  const token = await tokenOf(values["token-file"], values.public);
  const stopped = interrupted();
  const socket = values.socket ?? defaultSocket();
  await checkSocket(socket);
  const service = await startService({
    folder: await pageAt(values.page),
    socket,
    place,
    ...(origins !== undefined && { origins }),
    ...(token !== undefined && { token }),
    ...(maxClients !== undefined && { maxClients }),
    ...(values.verbose && { log: (event) => console.error(JSON.stringify(event)) }),
  });
  // the token stands behind the #, which browsers do not send
  const hash = token === undefined || values["token-file"] !== undefined ? "" : `#token=${token}`;
  await out.write(`looking-glass: ${service.url}${hash} shows the bgpd at ${socket}\n`);
  await out.flush();
  await stopped;
  await service.close();
  return 0;
}

await runMain("looking-glass", HELP, main);
