import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { connectCommand } from "./connect.ts";
import { DIALECTS, type Dialect } from "./dialect.ts";
import { dump } from "./dump.ts";
import { colorsFor, Output, type Streams, variable } from "./output.ts";
import { loadProtocol, protocolsCommand } from "./protocols.ts";
import { parseToken } from "./relay/checks.ts";
import { relayCommand } from "./relay/command.ts";
import { messageOf, printableLines, UsageError } from "./status.ts";
import { addTap } from "./tap/options.ts";
import { parseTarget, TARGETS } from "./target.ts";
import { parseCount, parseMaxSize, parseSeconds, parseU32, TypeNames } from "./values.ts";

const EXIT_STATUS = `
Exit status: 0 done, 1 bad data or connection, 2 usage, 3 timed out, 130 interrupted.`;

/** Turns our parsers' errors into the parser's own, which name the option. */
function value<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}

/** Collects what an option given several times, or with commas, lists. */
const list = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(",").filter((item) => item !== ""),
];
const collect = (text: string, before: string[] = []): string[] => [...before, text];

function addType(text: string, names: TypeNames = new TypeNames()): TypeNames {
  for (const definition of list(text)) value((one) => names.add(one))(definition);
  return names;
}

const options = {
  maxSize: () =>
    new Option("--max-size <bytes>", "longest message, header included; k and m are units")
      .argParser(value(parseMaxSize))
      .default(16384),
  dialect: () =>
    new Option("--dialect <name>", "how headers carry lengths and the marks of descriptors")
      .choices(DIALECTS)
      .default("current"),
  type: () =>
    new Option("--type <name=n>", "a name for a message type; repeat it, or use commas").argParser(
      addType,
    ),
  json: () => new Option("--json", "one JSON object a line instead of a table"),
  color: () => [
    new Option("--color", "colours, even if the output is no terminal"),
    new Option("--no-color", "no colours"),
  ],
  bytes: () =>
    new Option(
      "--bytes <n>",
      "bytes of each payload that the table shows (default: all)",
    ).argParser(value((text) => parseU32(text, "an amount of bytes"))),
  protocol: () =>
    new Option(
      "--protocol <name>",
      "shows payloads as fields: a name of `imsg protocols`, or a module's file",
    ),
  token: () =>
    new Option("--token <token>", "the relay's token; IMSG_TOKEN in the environment is safer"),
};

/**
 * The token of --token, else of IMSG_TOKEN. Throws a {@link UsageError} that
 * names where a bad token stands, and not the token.
 */
function tokenFrom(given: string | undefined, env: Streams["env"]): string | undefined {
  const token = given ?? variable(env, "IMSG_TOKEN");
  try {
    return token === undefined ? undefined : parseToken(token);
  } catch (error) {
    throw new UsageError(`${given === undefined ? "IMSG_TOKEN" : "--token"}: ${messageOf(error)}`);
  }
}

/** The options that say what messages are. */
const describing = (): Option[] => [
  options.protocol(),
  options.maxSize(),
  options.dialect(),
  options.type(),
  options.bytes(),
];

/** What the options that say what messages are give. */
export interface Common {
  maxSize: number;
  dialect: Dialect;
  type?: TypeNames;
  json?: boolean;
  color?: boolean;
  bytes?: number;
  protocol?: string;
}

/** What the commands that print messages take; a protocol names what is not given. */
export async function printing(given: Common, command: Command) {
  const { type, json, color, bytes } = given;
  const names = type ?? new TypeNames();
  const protocol = given.protocol === undefined ? undefined : await loadProtocol(given.protocol);
  if (protocol !== undefined) names.addProtocol(protocol);
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) !== "default";
  return {
    maxSize: protocol === undefined || isGiven("maxSize") ? given.maxSize : protocol.maxSize,
    dialect: protocol === undefined || isGiven("dialect") ? given.dialect : protocol.dialect,
    names,
    ...(protocol === undefined ? {} : { protocol }),
    ...(json ? { json } : {}),
    ...(color === undefined ? {} : { color }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** The parser of the command's arguments, with all that `--help` says. */
export function createProgram(
  version: string,
  streams: Streams,
  done: (status: number) => void,
): Command {
  const program = new Command("imsg");
  program
    .description("Reads, speaks and relays imsg, the message format of OpenBSD's daemons.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureOutput({
      writeOut: (text) => {
        const output = new Output(streams.stdout);
        void output.write(text).catch(() => {}); // main reports the error of the stream
        void output.flush().catch(() => {});
      },
      writeErr: (text) => void streams.stderr.write(text),
      getOutHasColors: () => colorsFor(streams.stdout, streams.env).isColorSupported,
      getErrHasColors: () => colorsFor(streams.stderr, streams.env).isColorSupported,
      outputError: (text, write) => write(printableLines(text.replace(/^error: /, "imsg: "))),
    })
    .configureHelp({
      styleTitle: (text) => colorsFor(streams.stdout, streams.env).bold(text),
    })
    .showHelpAfterError("(imsg --help, or imsg COMMAND --help, tells more)")
    .exitOverride()
    .addHelpText("after", EXIT_STATUS);

  const dumping = program
    .command("dump")
    .description("Decodes the recorded bytes of one direction of a connection.")
    .argument("[file]", "what to read; - is stdin", "-")
    .addOption(options.json());
  for (const option of describing()) dumping.addOption(option);
  dumping
    .option("--progress", "say how far it has come, even if stderr is no terminal")
    .option("--no-progress", "do not");
  for (const option of options.color()) dumping.addOption(option);
  dumping
    .addHelpText("after", `${DUMP_HELP}\n${EXIT_STATUS}`)
    .action(async (file: string, given: Common & { progress?: boolean }) => {
      const { progress } = given;
      const shown = await printing(given, dumping);
      // a recording names its dialect; it is asked for only if the user or a protocol has
      const isGiven = dumping.getOptionValueSource("dialect") !== "default" || shown.protocol;
      const all = {
        ...shown,
        ...(isGiven ? {} : { dialectIsDefault: true }),
        ...(progress === undefined ? {} : { progress }),
      };
      done(await dump(file, all, streams));
    });

  const connecting = program
    .command("connect")
    .description("Talks to a daemon or a program: sends messages and prints what comes.")
    .argument("<target>", TARGETS, value(parseTarget))
    .option(
      "--send <json>",
      "send a message such as '{\"type\":13}', or the lines of @FILE; repeat it",
      collect,
    )
    .option("--timestamps", "show when each message came")
    .option("--until <type>", "exit when a message of this type has come; repeat it", list)
    .addOption(
      new Option("--timeout <seconds>", "exit after this time").argParser(value(parseSeconds)),
    )
    .option("--end", "end our side once everything is sent")
    .addOption(
      new Option("--pid <n>", "pid in the headers we send (default: the process's)").argParser(
        value((text) => parseU32(text, "a pid")),
      ),
    )
    .addOption(options.json());
  for (const option of describing()) connecting.addOption(option);
  for (const option of options.color()) connecting.addOption(option);
  connecting
    .addOption(options.token())
    .option("--origin <origin>", "Origin header for a relay")
    .addHelpText("after", `${CONNECT_HELP}\n${EXIT_STATUS}`)
    .action(async (target: ReturnType<typeof parseTarget>, given: ConnectGiven) => {
      const shown = await printing(given, connecting);
      const { names } = shown;
      // no other target takes a token
      const token = target.kind === "ws" ? tokenFrom(given.token, streams.env) : undefined;
      const webSocket = {
        ...(token === undefined ? {} : { token }),
        ...(given.origin === undefined ? {} : { origin: given.origin }),
      };
      const all = {
        ...shown,
        target,
        webSocket,
        send: (given.send ?? []).flatMap(requestsOf),
        until: new Set((given.until ?? []).map((text) => names.parse(text))),
        ...(given.timeout === undefined ? {} : { timeout: given.timeout }),
        ...(given.pid === undefined ? {} : { pid: given.pid }),
        ...(given.end ? { end: true } : {}),
        ...(given.timestamps ? { timestamps: true } : {}),
      };
      done(await connectCommand(all, streams));
    });

  const tapping = program.command("tap");
  addTap(tapping, streams, (given) => printing(given, tapping), done);
  for (const option of [options.json(), ...describing(), ...options.color()]) {
    tapping.addOption(option);
  }
  tapping.addHelpText("after", EXIT_STATUS);

  program
    .command("protocols")
    .description("Lists the protocols that ship, or prints one: its messages and layouts.")
    .argument("[protocol]", "a name, or the file of a module that exports a protocol")
    .action(async (name: string | undefined) => done(await protocolsCommand(name, streams)));

  program
    .command("relay")
    .description("Lets web pages talk to a daemon: a WebSocket relay that checks every message.")
    .option("--listen <[host:]port>", "where to listen; port 0 is any free one", "127.0.0.1:0")
    .addOption(
      new Option("--to <target>", TARGETS).argParser(value(parseTarget)).makeOptionMandatory(),
    )
    .option("--allow-origin <origin>", "let pages of another origin connect; repeat it", list)
    .addOption(options.token())
    .option("--token-file <file>", "read the token from a file")
    .option("--allow-type <type>", "types clients may send (default: all); repeat it", list)
    .addOption(
      new Option("--max-connections <n>", "connections at once")
        .argParser(value(parseCount))
        .default(64),
    )
    .addOption(options.maxSize())
    .addOption(
      new Option("--idle-timeout <seconds>", "close what is silent so long; 0 is never")
        .argParser(value(parseSeconds))
        .default(300_000, "300"),
    )
    .addOption(options.dialect())
    .addOption(options.type())
    .option("--json", "log JSON objects to stdout instead of text to stderr")
    .addHelpText("after", `${RELAY_HELP}\n${EXIT_STATUS}`)
    .action(async (given) => done(await relayCommand(given, streams)));
  return program;
}

interface ConnectGiven extends Common {
  send?: string[];
  until?: string[];
  timeout?: number;
  end?: boolean;
  pid?: number;
  token?: string;
  origin?: string;
  timestamps?: boolean;
}

/** A message as --send has it, or the lines of a file of messages. */
function requestsOf(text: string): string[] {
  if (!text.startsWith("@")) return [text];
  try {
    const lines = readFileSync(text.slice(1), "utf8").split("\n");
    return lines.filter((line) => line.trim() !== "");
  } catch (error) {
    throw new UsageError(`--send ${text}: ${messageOf(error)}`);
  }
}

const DUMP_HELP = `
Examples:
  imsg dump session.bin
  imsg dump --json --type SHOW_NEIGHBOR=13,END=1 session.bin | jq .name

What is bad or cut is told with its place, after every good message.`;

const CONNECT_HELP = `
Messages are JSON objects, here and on stdin, one a line: "type", "peerid", "pid" and one of
"data" (hex), "text" or "base64". What \`imsg dump --json\` prints can be sent again.

Examples:
  imsg connect unix:/run/bgpd.rsock --send '{"type":22}' --until 22 </dev/null
  imsg connect exec:'my-daemon -d' --type HELLO=1 --send '{"type":"HELLO","text":"hi"}'`;

const RELAY_HELP = `
Each connection has its own connection to the target, with a pid of its own there. Pages of
the relay's own origin may connect, and those that --allow-origin names; a token travels as
the WebSocket subprotocol imsg.token.TOKEN beside imsg.

Example:
  imsg relay --listen 8180 --to unix:/run/bgpd.rsock --allow-type 13,16,22 \\
      --allow-origin https://lg.example.net`;
