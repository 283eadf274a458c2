// The examples are plain JavaScript, which their own tsconfig.json checks against these types.

import { fileURLToPath } from "node:url";
import type { Command } from "../../../examples/bgpd/commands.ts";
import type { BgpdConnection, BgpdModule } from "../../../examples/bgpd/types.ts";
import type { TmuxModule } from "../../../examples/tmux/types.ts";
import type { Json } from "./compare.ts";

const place = (path: string): URL => new URL(`../../../examples/${path}`, import.meta.url);

const bgpd: BgpdModule = await import(place("bgpd/client.mjs").href);
const tmux: TmuxModule = await import(place("tmux/client.mjs").href);

export const { BgpdError, BgpdVersionError, connectBgpd } = bgpd;
export const { Tmux, TmuxError } = tmux;

/** The parts of the client's command that the comparison uses without a process of its own. */
interface CommandModules {
  parseCommand(argv: readonly string[]): Command;
  listingOf(
    bgpd: BgpdConnection,
    command: Command,
    addresses?: boolean,
  ): { name: string; records: AsyncIterable<Json>; print(write: Write): Promise<void> };
  metrics(bgpd: BgpdConnection): Promise<string>;
  printRecords(name: string, records: AsyncIterable<Json>, write: Write): Promise<void>;
}

/** Carries a change out, without a question. */
type Carry = (
  bgpd: BgpdConnection,
  command: Command,
  json: boolean,
  out: { write: Write },
) => Promise<void>;

type Write = (text: string) => Promise<void>;

const { parseCommand }: Pick<CommandModules, "parseCommand"> = await import(
  place("bgpd/grammar.mjs").href
);
const { listingOf }: Pick<CommandModules, "listingOf"> = await import(place("bgpd/show.mjs").href);
const addresses: {
  networkOf(prefix: string): { aid: number; bytes: Uint8Array; prefixlen: number };
} = await import(place("bgpd/addresses.mjs").href);
export const { networkOf } = addresses;
export const { communityMeaning }: { communityMeaning(text: string): string | undefined } =
  await import(place("bgpd/communities.mjs").href);
const { printRecords }: Pick<CommandModules, "printRecords"> = await import(
  place("bgpd/json.mjs").href
);
const { metrics }: Pick<CommandModules, "metrics"> = await import(place("bgpd/metrics.mjs").href);

const { change }: { change: Carry } = await import(place("bgpd/change.mjs").href);

async function withBgpd<T>(socket: string, use: (bgpd: BgpdConnection) => Promise<T>): Promise<T> {
  const connection = await connectBgpd(socket);
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

/** The document that the client prints for a command with --json. */
export function documentOf(socket: string, args: readonly string[]): Promise<Json> {
  const command = parseCommand(args);
  return withBgpd(socket, async (connection) => {
    if (command.action === "memory") return (await connection.ribMemory()) as unknown as Json;
    const { name, records } = listingOf(connection, command);
    let text = "";
    const write: Write = async (piece) => {
      text += piece;
    };
    await printRecords(name, records, write).catch((error) => {
      if (!(error instanceof BgpdError)) throw error; // a refusal is a document, too
    });
    return JSON.parse(text) as Json;
  });
}

/** Runs a command of the client, a change or a request; returns its output. */
export function carryOut(socket: string, args: readonly string[]): Promise<string> {
  return withBgpd(socket, async (connection) => {
    let text = "";
    const write: Write = async (piece) => {
      text += piece;
    };
    await change(connection, parseCommand(args), false, { write });
    return text;
  });
}

/** The client's output as text; `addresses` stands for the option -n. */
export function textOf(
  socket: string,
  args: readonly string[],
  addresses = false,
): Promise<string> {
  return withBgpd(socket, async (connection) => {
    let text = "";
    await listingOf(connection, parseCommand(args), addresses).print(async (piece) => {
      text += piece;
    });
    return text;
  });
}

/** The client's output for `show metrics`. */
export const metricsOf = (socket: string): Promise<string> => withBgpd(socket, metrics);

export { parseCommand };

/** The commands, to be run with node. */
export const commands = {
  bgpctl: fileURLToPath(place("bgpd/bgpctl.mjs")),
  tmux: fileURLToPath(place("tmux/tmux.mjs")),
};
