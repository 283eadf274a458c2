import type { Command } from "commander";
import type { Direction } from "../../entry/protocol.ts";
import type { Streams } from "../output.ts";
import type { Common, printing } from "../program.ts";
import { UsageError } from "../status.ts";
import { parseTarget } from "../target.ts";
import { parseU32 } from "../values.ts";
import { tapCommand } from "./command.ts";
import type { Place } from "./open.ts";
import type { Filter } from "./watch.ts";

interface Given extends Common {
  listen?: string;
  to?: string;
  write?: string;
  headersOnly?: boolean;
  quiet?: boolean;
  showType?: string[];
  showPid?: string[];
  showPeerid?: string[];
  showFrom?: string;
}

const HELP = `
Bytes and descriptors pass unchanged. > is from the client (or the parent), < from the daemon
(or the child). Filters apply to the output; a recording has every message. If the output or the
recording fails, the tap keeps forwarding, and its exit status is 1.

Examples:
  imsg tap --protocol bgpd --listen unix:/tmp/tap.sock --to unix:/run/bgpd.sock --write tap.pcapng
  imsg tap --quiet --write child.pcapng exec:'/usr/sbin/bgpd -T'`;

const list = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(",").filter((item) => item !== ""),
];

/** Adds the options and the action of `imsg tap` to a command. */
export function addTap(
  command: Command,
  streams: Streams,
  printed: (given: Common) => ReturnType<typeof printing>,
  done: (status: number) => void,
): void {
  command
    .description("Sits between two programs, and prints the messages of both directions.")
    .argument("[child]", "exec:COMMAND runs a child whose parent is on descriptor 3")
    .option("--listen <place>", "address for clients: unix:PATH or tcp:HOST:PORT")
    .option("--to <place>", "address of the daemon: unix:PATH or tcp:HOST:PORT")
    .option("--write <file>", "record to a pcapng file, for imsg dump and Wireshark")
    .option("--headers-only", "leave the payloads out of the recording")
    .option("--quiet", "print nothing")
    .option("--show-type <type>", "print only these types; may be repeated", list)
    .option("--show-pid <n>", "print only messages with these pids; may be repeated", list)
    .option("--show-peerid <n>", "print only messages with these peerids; may be repeated", list)
    .option("--show-from <side>", "print only messages of this side: client or daemon")
    .addHelpText("after", HELP)
    .action(async (child: string | undefined, given: Given) => {
      const shown = await printed(given);
      const where = placesOf(child, given);
      const types = given.showType?.map((text) => shown.names.parse(text));
      const { write, headersOnly = false, quiet = false } = given;
      const options = {
        ...shown,
        ...where,
        ...(write === undefined ? {} : { write }),
        ...{ headersOnly, quiet, filter: filterOf(given, types) },
      };
      done(await tapCommand(options, streams));
    });
}

function placesOf(child: string | undefined, { listen, to }: Given) {
  if (child !== undefined) {
    const target = parseTarget(child);
    if (target.kind !== "exec" || listen !== undefined || to !== undefined) {
      throw new UsageError(`${child}: give either exec:COMMAND, or --listen and --to`);
    }
    return { command: target.command };
  }
  if (listen === undefined || to === undefined) {
    throw new UsageError("give either exec:COMMAND, or --listen and --to");
  }
  return { between: { listen: placeOf(listen), to: placeOf(to) } };
}

function placeOf(text: string): Place {
  const target = parseTarget(text);
  if (target.kind === "unix" || target.kind === "tcp") return target;
  throw new UsageError(`${text}: a place is unix:PATH or tcp:HOST:PORT`);
}

const numbers = (texts: readonly string[] | undefined, what: string): Set<number> | undefined =>
  texts && new Set(texts.map((text) => parseU32(text, what)));

function filterOf(given: Given, types: readonly number[] | undefined): Filter {
  const from = given.showFrom;
  if (from !== undefined && from !== "client" && from !== "daemon") {
    throw new UsageError(`${from}: --show-from is client or daemon`);
  }
  const direction: Direction | undefined =
    from === undefined ? undefined : from === "client" ? "send" : "receive";
  const pids = numbers(given.showPid, "a pid");
  const peerids = numbers(given.showPeerid, "a peerid");
  return {
    ...(types && { types: new Set(types) }),
    ...(pids && { pids }),
    ...(peerids && { peerids }),
    ...(direction && { direction }),
  };
}
