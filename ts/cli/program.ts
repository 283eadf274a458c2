import { Command, InvalidArgumentError, Option } from "commander";
import { connectCommand } from "./connect.ts";
import { DIALECTS, type Dialect } from "./dialect.ts";
import { dump } from "./dump.ts";
import { colorsFor, type Output, type Streams, variable } from "./output.ts";
import { loadProtocol, protocolsCommand } from "./protocols.ts";
import { parsePath, parseToken } from "./relay/checks.ts";
import { relayCommand } from "./relay/command.ts";
import { parseMode, parsePlace } from "./relay/listen.ts";
import { parseUser } from "./relay/users.ts";
import { requestsOf } from "./requests.ts";
import { messageOf, printableLines, UsageError } from "./status.ts";
import { addTap } from "./tap/options.ts";
import { parseTarget, TARGETS } from "./target.ts";
import { parseCount, parseMaxSize, parseSeconds, parseU32, TypeNames } from "./values.ts";

const EXIT_STATUS = `
Exit status: 0 done, 1 bad data or connection, 2 usage, 3 timed out, 130 interrupted.`;

/** Wraps a parser so that commander reports its errors with the name of the option. */
function value<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}

/** Collects the items of an option that may be repeated, or hold several separated by commas. */
const list = (text: string, before: string[] = []): string[] => [
  ...before,
  ...text.split(",").filter((item) => item !== ""),
];
/** As {@link list}; an empty item is an error. */
const strictList = (text: string, before: string[] = []): string[] => {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("")) throw new InvalidArgumentError("It has an empty item.");
  return [...before, ...items];
};
const collect = (text: string, before: string[] = []): string[] => [...before, text];

function addType(text: string, names: TypeNames = new TypeNames()): TypeNames {
  for (const definition of list(text)) value((one) => names.add(one))(definition);
  return names;
}

const options = {
  maxSize: () =>
    new Option("--max-size <bytes>", "longest message, header included; 64k and 1m are sizes, too")
      .argParser(value(parseMaxSize))
      .default(16384),
  dialect: () =>
    new Option("--dialect <name>", "layout of the length and the descriptor mark in headers")
      .choices(DIALECTS)
      .default("current"),
  type: () =>
    new Option(
      "--type <name=n>",
      "name for a message type; may be repeated, or hold several with commas",
    ).argParser(addType),
  json: () => new Option("--json", "print one JSON object a line instead of a table"),
  color: () => [
    new Option("--color", "use colours, even if the output is not a terminal"),
    new Option("--no-color", "use no colours"),
  ],
  bytes: () =>
    new Option(
      "--bytes <n>",
      "print at most this many bytes of each payload (default: all)",
    ).argParser(value((text) => parseU32(text, "an amount of bytes"))),
  width: () =>
    new Option(
      "--width <columns>",
      "columns for hexdumps (default: the terminal's, for 16 bytes a line at most)",
    ).argParser(value((text) => parseU32(text, "a width"))),
  protocol: () =>
    new Option(
      "--protocol <name>",
      "print payloads as fields: a name of `imsg protocols`, or a module's file",
    ),
  token: () =>
    new Option("--token <token>", "the relay's token; IMSG_TOKEN in the environment is safer"),
};

/**
 * Returns the token of --token, or else of IMSG_TOKEN. Throws a {@link UsageError} that
 * names the option or the variable of a bad token, without the token.
 */
function tokenFrom(given: string | undefined, env: Streams["env"]): string | undefined {
  const token = given ?? variable(env, "IMSG_TOKEN");
  try {
    return token === undefined ? undefined : parseToken(token);
  } catch (error) {
    throw new UsageError(`${given === undefined ? "IMSG_TOKEN" : "--token"}: ${messageOf(error)}`);
  }
}

/** The options that describe messages. */
const describing = (): Option[] => [
  options.protocol(),
  options.maxSize(),
  options.dialect(),
  options.type(),
  options.bytes(),
  options.width(),
];

/** The values of {@link describing}, and those of the formats. */
export interface Common {
  maxSize: number;
  dialect: Dialect;
  type?: TypeNames;
  json?: boolean;
  color?: boolean;
  bytes?: number;
  width?: number;
  protocol?: string;
}

/** The options of {@link PrintOptions}, with the protocol's values for those that are not given. */
export async function printing(given: Common, command: Command) {
  const { type, json, color, bytes, width } = given;
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
    ...(width === undefined ? {} : { width }),
  };
}

/** Makes the parser of the command's arguments, with the texts of `--help`. */
export function createProgram(
  version: string,
  streams: Streams,
  output: Output,
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
        // main reports the error of the stream
        output.add(text)?.catch(() => {});
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
    .showHelpAfterError("(see imsg --help, or imsg COMMAND --help)")
    .exitOverride()
    .addHelpText("after", EXIT_STATUS);

  const dumping = program
    .command("dump")
    .description(
      "Decodes the recorded bytes of one direction of a connection, or a recording of tap.",
    )
    .argument("[file]", "file to read; - is stdin", "-")
    .addOption(options.json());
  for (const option of describing()) dumping.addOption(option);
  dumping
    .option("--progress", "show the progress on stderr, even if it is not a terminal")
    .option("--no-progress", "show no progress");
  for (const option of options.color()) dumping.addOption(option);
  dumping
    .addHelpText("after", `${DUMP_HELP}\n${EXIT_STATUS}`)
    .action(async (file: string, given: Common & { progress?: boolean }) => {
      const { progress } = given;
      const shown = await printing(given, dumping);
      // a recording names its dialect, unless the user or a protocol does
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
    .description("Talks to a daemon or a program: sends messages, and prints the ones it receives.")
    .argument("<target>", TARGETS, value(parseTarget))
    .option(
      "--send <json>",
      "send a message such as '{\"type\":13}', or the lines of @FILE; may be repeated",
      collect,
    )
    .option("--timestamps", "print the time of each message")
    .option("--until <type>", "exit after a message of this type; may be repeated", list)
    .addOption(
      new Option("--timeout <seconds>", "exit after this time; fractions are allowed").argParser(
        value(parseSeconds),
      ),
    )
    .option("--end", "half-close after the end of stdin")
    .addOption(
      new Option(
        "--pid <n>",
        "pid in the headers of sent messages (default: the process's)",
      ).argParser(value((text) => parseU32(text, "a pid"))),
    )
    .addOption(options.json());
  for (const option of describing()) connecting.addOption(option);
  for (const option of options.color()) connecting.addOption(option);
  connecting
    .addOption(options.token())
    .option("--origin <origin>", "Origin header for the relay")
    .addHelpText("after", `${CONNECT_HELP}\n${EXIT_STATUS}`)
    .action(async (target: ReturnType<typeof parseTarget>, given: ConnectGiven) => {
      const shown = await printing(given, connecting);
      const { names } = shown;
      // only WebSockets take a token
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
    .description("Lists the protocols that ship, or prints the messages and layouts of one.")
    .argument("[protocol]", "name of a protocol, or the file of a module that exports one")
    .action(async (name: string | undefined) => done(await protocolsCommand(name, output)));

  program
    .command("relay")
    .description("Lets web pages talk to a daemon: a WebSocket relay that checks every message.")
    .addOption(
      new Option("--listen <place>", "[HOST:]PORT (port 0: any free one), unix:PATH or fd:N")
        .argParser(value(parsePlace))
        .default(parsePlace("127.0.0.1:0"), "127.0.0.1:0"),
    )
    .addOption(
      new Option("--socket-mode <mode>", "mode of a Unix socket (default: 600)").argParser(
        value(parseMode),
      ),
    )
    .addOption(
      new Option("--socket-owner <user[:group]>", "owner of a Unix socket").argParser(
        value(parseUser),
      ),
    )
    .addOption(
      new Option("--to <target>", TARGETS).argParser(value(parseTarget)).makeOptionMandatory(),
    )
    .option("--allow-type <type>", "types clients may send, or all (default: none)", strictList)
    .option("--allow-origin <origin>", "let pages of another origin connect", strictList)
    .addOption(options.token())
    .option("--token-file <file>", "read the token from a file")
    .addOption(
      new Option("--path <path>", "accept this path of the URL only").argParser(value(parsePath)),
    )
    .option("--cert <file>", "certificate in PEM: clients connect with TLS")
    .option("--key <file>", "key of --cert in PEM")
    .addOption(
      new Option("--max-connections <n>", "clients at once")
        .argParser(value(parseCount))
        .default(64),
    )
    .addOption(
      new Option(
        "--max-per-address <n>",
        "clients of one address (default: half; of this machine: all)",
      ).argParser(value(parseCount)),
    )
    .addOption(options.maxSize())
    .addOption(
      new Option(
        "--ping <seconds>",
        "seconds between pings, and until a missing pong ends a client; 0: none",
      )
        .argParser(value(parseSeconds))
        .default(30_000, "30"),
    )
    .addOption(
      new Option(
        "--idle-timeout <seconds>",
        "close connections without messages for so long; 0: never",
      )
        .argParser(value(parseSeconds))
        .default(0, "0"),
    )
    .addOption(
      new Option(
        "--metrics <place>",
        "serve /metrics and /health at [HOST:]PORT or unix:PATH",
      ).argParser(value(parsePlace)),
    )
    .addOption(
      new Option("--user <user[:group]>", "become this user once it listens").argParser(
        value(parseUser),
      ),
    )
    .addOption(options.dialect())
    .addOption(options.type())
    .option("--json", "log JSON objects to stdout instead of text to stderr")
    .addHelpText("after", `${RELAY_HELP}\n${EXIT_STATUS}`)
    .action(async (given) => {
      const token = given.tokenFile === undefined ? tokenFrom(given.token, streams.env) : undefined;
      done(await relayCommand({ ...given, token }, streams));
    });
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

const DUMP_HELP = `
Examples:
  imsg dump session.bin
  imsg dump --json --type SHOW_NEIGHBOR=13,END=1 session.bin | jq .name

A bad or cut stream is reported with its place, after the good messages before it.`;

const CONNECT_HELP = `
Messages are JSON objects, here and on stdin, one a line: "type", "peerid", "pid", and one of
"data" (hex), "text", "base64" and, with --protocol, "payload" (fields). TYPE and TYPE {FIELDS}
are short forms. The output of \`imsg dump --json\` can be sent again.

If stdin is a terminal, there is a prompt with a history: Tab completes names of messages and
fields, Ctrl-D half-closes, Ctrl-C ends. A line that is wrong is reported and dropped.

Examples:
  imsg connect unix:/run/bgpd.rsock --protocol bgpd
  imsg connect unix:/run/bgpd.rsock --send '{"type":22}' --until 22 </dev/null
  imsg connect exec:'my-daemon -d' --type HELLO=1 --send '{"type":"HELLO","text":"hi"}'`;

const RELAY_HELP = `
Each connection has its own connection to the target, with a pid of its own there. Pages of
the relay's own origin may connect, and those that --allow-origin names. A token travels as
the WebSocket subprotocol imsg.token.TOKEN beside imsg. Without --allow-type, clients only
listen.

Example:
  imsg relay --listen 8180 --to unix:/run/bgpd.rsock --allow-type 13,16,22 \\
      --allow-origin https://lg.example.net`;
