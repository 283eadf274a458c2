import { readFile } from "node:fs/promises";
import type { Dialect } from "../dialect.ts";
import { countErrors, report, type Streams } from "../output.ts";
import { messageOf, Status, UsageError } from "../status.ts";
import type { Target } from "../target.ts";
import { TypeNames } from "../values.ts";
import { parseToken } from "./checks.ts";
import type { RelayEvent } from "./events.ts";
import { keepYoungSpace } from "./garbage.ts";
import type { Place } from "./listen.ts";
import { Log, logLine } from "./log.ts";
import { type Relay, type RelayOptions, startRelay } from "./relay.ts";
import { expiryOf, readTls, type Tls } from "./tls.ts";
import { becomeUser, type Ids } from "./users.ts";

/** The options of `imsg relay`. */
export interface RelayGiven {
  listen: Place;
  socketMode?: number;
  socketOwner?: Ids;
  to: Target;
  allowOrigin?: string[];
  token?: string | undefined;
  tokenFile?: string;
  /** Names or numbers of types, or "all" alone. */
  allowType?: string[];
  path?: string;
  /** Files in PEM. */
  cert?: string;
  key?: string;
  maxConnections: number;
  maxPerAddress?: number;
  maxSize: number;
  /** Milliseconds. */
  ping: number;
  /** Milliseconds. */
  idleTimeout: number;
  metrics?: Place;
  user?: Ids;
  dialect: Dialect;
  type?: TypeNames;
  json?: boolean;
}

/** Runs the relay until a signal comes, and resolves with the exit status. */
export async function relayCommand(given: RelayGiven, streams: Streams): Promise<number> {
  const options = await optionsOf(given);
  const stream = given.json ? streams.stdout : streams.stderr;
  const log = new Log(stream);
  countErrors(stream);
  const write = (event: RelayEvent): void => {
    const time = new Date().toISOString();
    const lost = event.event === "stopped" && log.lost > 0 ? { lost: log.lost } : {};
    const full = { ...event, ...lost };
    log.write(given.json ? JSON.stringify({ time, ...full }) : `${time} ${logLine(full)}`);
  };
  keepYoungSpace();
  // before it logs that it listens: a supervisor may end it at once
  const interrupted = interruption();
  let relay: Relay | undefined;
  try {
    relay = await startRelay({ ...options, log: write, lostLogLines: () => log.lost });
    if (given.user !== undefined) becomeUser(given.user);
  } catch (error) {
    await relay?.close();
    if (error instanceof UsageError) throw error;
    report(streams, messageOf(error));
    return Status.failed;
  }
  warn(relay, options, streams);
  await interrupted;
  await relay.close();
  return Status.ok;
}

/**
 * Warns of a relay that refuses its clients or admits everybody. The first warning is printed if
 * the certificate is not valid now. The second is printed if neither a token nor the mode of a Unix socket
 * limits who can connect, and names the users who can.
 */
function warn(relay: Relay, { token, tls }: RelayOptions, streams: Streams): void {
  const expiry = tls === undefined ? undefined : expiryOf(tls, Date.now());
  if (expiry !== undefined) report(streams, `warning: ${expiry}: clients refuse it`);
  // a Unix socket has no host
  if (token !== undefined || relay.host === "") return;
  const local = /^127\.|^::1$/.test(relay.host);
  const who = local
    ? "every user and program of this machine"
    : "everyone who reaches this address";
  report(
    streams,
    `warning: there is no token: ${who} can talk to the daemon through ${relay.url}; use --token-file or --listen unix:PATH`,
  );
}

async function optionsOf(given: RelayGiven): Promise<RelayOptions> {
  const { to, maxConnections, maxPerAddress, maxSize, ping, idleTimeout, dialect } = given;
  const { metrics, path } = given;
  const listen = placeOf(given);
  const token = await tokenOf(given);
  const tls = await tlsOf(given);
  return {
    to,
    listen,
    maxConnections,
    maxSize,
    ping,
    idleTimeout,
    dialect,
    allowOrigins: given.allowOrigin ?? [],
    allowTypes: allowedTypes(given),
    ...(maxPerAddress === undefined ? {} : { maxPerAddress }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(path === undefined ? {} : { path }),
    ...(tls === undefined ? {} : { tls }),
    ...(token === undefined ? {} : { token }),
  };
}

function placeOf({ listen, socketMode, socketOwner, cert }: RelayGiven): Place {
  if (listen.kind === "unix") {
    if (cert !== undefined) throw new UsageError("--cert is for TCP addresses, not for unix:PATH");
    return {
      ...listen,
      ...(socketMode === undefined ? {} : { mode: socketMode }),
      ...(socketOwner === undefined ? {} : { owner: socketOwner }),
    };
  }
  if (socketMode !== undefined || socketOwner !== undefined) {
    throw new UsageError("--socket-mode and --socket-owner are for --listen unix:PATH");
  }
  return listen;
}

function allowedTypes({ allowType = [], type }: RelayGiven): number[] | "all" {
  if (allowType.includes("all")) {
    if (allowType.length > 1) throw new UsageError("--allow-type all excludes other types");
    return "all";
  }
  const names = type ?? new TypeNames();
  return allowType.map((text) => names.parse(text));
}

async function tokenOf({ token, tokenFile }: RelayGiven): Promise<string | undefined> {
  if (tokenFile === undefined) return token;
  try {
    return parseToken((await readFile(tokenFile, "utf8")).trim());
  } catch (error) {
    throw new UsageError(`--token-file ${tokenFile}: ${messageOf(error)}`);
  }
}

async function tlsOf({ cert, key }: RelayGiven): Promise<Tls | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError("--cert and --key belong together");
  }
  return readTls(cert, key);
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const came = (): void => {
      // the next one ends the process as usual
      for (const name of names) process.off(name, came);
      resolve();
    };
    for (const name of names) process.on(name, came);
  });
}
