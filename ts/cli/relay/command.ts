import { readFile } from "node:fs/promises";
import type { Dialect } from "../dialect.ts";
import type { Streams } from "../output.ts";
import { messageOf, Status, UsageError } from "../status.ts";
import { parseAddress, type Target } from "../target.ts";
import { TypeNames } from "../values.ts";
import { logLine } from "./log.ts";
import { type Relay, startRelay } from "./relay.ts";

/** What `imsg relay` is given. */
export interface RelayGiven {
  /** PORT, or HOST:PORT. */
  listen: string;
  to: Target;
  allowOrigin?: string[];
  token?: string;
  tokenFile?: string;
  allowType?: string[];
  maxConnections: number;
  maxSize: number;
  /** Milliseconds. */
  idleTimeout: number;
  dialect: Dialect;
  type?: TypeNames;
  json?: boolean;
}

/** Runs the relay until a signal comes, and resolves with the exit status. */
export async function relayCommand(given: RelayGiven, streams: Streams): Promise<number> {
  const names = given.type ?? new TypeNames();
  const { host, port } = /^\d+$/.test(given.listen)
    ? parseAddress(`127.0.0.1:${given.listen}`)
    : parseAddress(given.listen);
  const token = await tokenOf(given);
  const { maxConnections, maxSize, idleTimeout, dialect } = given;
  // before it says that it listens: who starts it may end it at once
  const interrupted = interruption();
  let relay: Relay;
  try {
    relay = await startRelay({
      to: given.to,
      host,
      port,
      maxConnections,
      maxSize,
      idleTimeout,
      dialect,
      allowOrigins: given.allowOrigin ?? [],
      ...(given.allowType === undefined
        ? {}
        : { allowTypes: given.allowType.map((text) => names.parse(text)) }),
      ...(token === undefined ? {} : { token }),
      log: (event) => {
        const time = new Date().toISOString();
        if (given.json) streams.stdout.write(`${JSON.stringify({ time, ...event })}\n`);
        else streams.stderr.write(`${time} ${logLine(event)}\n`);
      },
    });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    streams.stderr.write(`imsg: ${messageOf(error)}\n`);
    return Status.failed;
  }
  if (!/^127\.|^::1$/.test(relay.host) && token === undefined) {
    streams.stderr.write(
      `imsg: warning: everybody who reaches ${relay.host} can talk to the daemon; think of --token\n`,
    );
  }
  await interrupted;
  await relay.close();
  return Status.ok;
}

async function tokenOf({ token, tokenFile }: RelayGiven): Promise<string | undefined> {
  if (tokenFile === undefined) return token;
  try {
    return (await readFile(tokenFile, "utf8")).trim();
  } catch (error) {
    throw new UsageError(`--token-file: ${messageOf(error)}`);
  }
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    const names = ["SIGINT", "SIGTERM"] as const;
    const came = (): void => {
      // the next one ends the process as usual
      for (const name of names) process.off(name, came);
      resolve();
    };
    for (const name of names) process.on(name, came);
  });
}
