/** `imsg connect` on a terminal: a pseudo-terminal, on which the tests type. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, describe, type ExpectStatic, type OnTestFinishedHandler, test } from "vitest";
import { Completer } from "../../../ts/cli/complete.ts";
import { TypeNames } from "../../../ts/cli/values.ts";
import { type ImsgServer, listen } from "../../../ts/entry/node.ts";
import { bgpd } from "../../../ts/protocols/bgpd/index.ts";
import { packed } from "./command.ts";

const driver = fileURLToPath(new URL("terminal.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "imsg-prompt-"));
afterAll(() => rmSync(folder, { recursive: true }));
let sockets = 0;

interface Request {
  type: number;
  peerid: number;
  length: number;
}

interface Daemon {
  path: string;
  requests: Request[];
  /** Whether a client has ended its side. */
  ended(): boolean;
  /** Sends a message to every client. */
  send(type: number): void;
}

type Finished = (fn: OnTestFinishedHandler) => void;

/** A daemon that answers every message of an even type with the type after it. */
async function daemon(finished: Finished): Promise<Daemon> {
  const path = join(folder, `${++sockets}.sock`);
  const requests: Request[] = [];
  const sends: ((type: number) => void)[] = [];
  let ended = false;
  const server: ImsgServer = await listen({ path }, async (channel) => {
    sends.push((type) => void channel.send({ type }));
    for await (const { type, peerid, data } of channel) {
      requests.push({ type, peerid, length: data.length });
      if (type % 2 === 0) await channel.send({ type: type + 1, peerid, data });
    }
    ended = true;
    await channel.close();
  });
  finished(() => void server.close());
  const send = (type: number): void => {
    for (const each of sends) each(type);
  };
  return { path, requests, send, ended: () => ended };
}

interface Terminal {
  type(keys: string): void;
  /** Everything that the screen has shown so far, without escape sequences. */
  screen(): string;
  /** Resolves when the screen has shown a text since the last call. */
  shows(text: string): Promise<void>;
  status: Promise<number | null>;
}

const cli = join(packed.folder, "cli.js");

/** The command on a terminal. */
const terminal = (finished: Finished, args: readonly string[], columns?: number): Terminal =>
  onTerminal(finished, [process.execPath, cli, ...args], columns);

/** A line of shell on a terminal, with the command as $NODE and $IMSG. */
const shell = (finished: Finished, line: string): Terminal =>
  onTerminal(finished, ["/bin/sh", "-c", line]);

function onTerminal(finished: Finished, command: readonly string[], columns = 120): Terminal {
  const child = spawn("python3", [driver, String(columns), ...command], {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      TERM: "xterm",
      NO_COLOR: "1",
      NODE: process.execPath,
      IMSG: cli,
    },
  });
  finished(() => void child.kill("SIGKILL"));
  let screen = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
  });
  const status = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    type: (keys) => void child.stdin.write(keys),
    screen: () => stripVTControlCharacters(screen),
    status,
    async shows(text) {
      while (!stripVTControlCharacters(screen).includes(text, seen)) {
        if (child.exitCode !== null)
          throw new Error(`no ${text} in ${stripVTControlCharacters(screen)}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      seen = stripVTControlCharacters(screen).indexOf(text, seen) + text.length;
    },
  };
}

async function until(expect: ExpectStatic, what: () => unknown, value: unknown): Promise<void> {
  await expect.poll(what, { timeout: 10_000, interval: 10 }).toEqual(value);
}

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const UP = "\u001b[A";

describe.concurrent("the prompt of imsg connect", () => {
  test("sends each line, reports a bad one, and the connection lives", async ({
    expect,
    onTestFinished,
  }) => {
    const { path, requests } = await daemon(onTestFinished);
    const { type, shows, status } = terminal(onTestFinished, ["connect", `unix:${path}`]);
    await shows("imsg> ");
    type('{"type":4,"text":"hello"}\r');
    await shows("|hello|");
    for (const [line, why] of [
      ["{nonsense", "imsg: not JSON"],
      ["NO_NAME", "imsg: NO_NAME: not a number, and neither --type nor --protocol"],
      ['{"type":1,"text":"a","data":"00"}', "exclude each other"],
      [
        `{"type":1,"text":"${"x".repeat(17000)}"}`,
        "the message has 17016 bytes, and --max-size is 16384",
      ],
    ] as const) {
      type(`${line}\r`);
      await shows(why);
      await shows("imsg> ");
    }
    type("\r   \r6\r");
    await until(expect, () => requests.map((each) => each.type), [4, 6]);
    type(CTRL_C);
    expect(await status).toBe(130);
  });

  test("remembers lines, and edits them", async ({ expect, onTestFinished }) => {
    const { path, requests } = await daemon(onTestFinished);
    const { type, shows } = terminal(onTestFinished, ["connect", `unix:${path}`]);
    await shows("imsg> ");
    type("10\r");
    await shows("11");
    type(`${UP}\u007f2\r`); // up, backspace
    await until(expect, () => requests.map((each) => each.type), [10, 12]);
  });

  test("completes names of messages and fields of the protocol", async ({
    expect,
    onTestFinished,
  }) => {
    const { path, requests } = await daemon(onTestFinished);
    const args = ["connect", `unix:${path}`, "--protocol", "bgpd"];
    const { type, shows } = terminal(onTestFinished, args);
    await shows("imsg> ");
    type("SHOW_RIB_P\t"); // a single one
    await shows("SHOW_RIB_PREFIX ");
    type('{"prefixl\t'); // a tab completes only at the end of the line
    await shows('"prefixlen":');
    type("8}\r");
    const { type: number } = bgpd.messages.SHOW_RIB_PREFIX;
    const length = bgpd.encode("SHOW_RIB_PREFIX", {}).length;
    await until(expect, () => requests, [{ type: number, peerid: 0, length }]);
    type("SHOW_N\t"); // several candidates: their common start, and at the second tab all of them
    await shows("SHOW_NE");
    type("\t");
    await shows("SHOW_NEIGHBOR");
    await shows("SHOW_NEXTHOP");
  });

  test("ends its side at Ctrl-D, and prints the later messages of the peer", async ({
    expect,
    onTestFinished,
  }) => {
    const { path, ended } = await daemon(onTestFinished);
    const { type, shows, status } = terminal(onTestFinished, ["connect", `unix:${path}`]);
    await shows("imsg> ");
    type(`8\r${CTRL_D}`);
    await shows("9");
    expect(await status).toBe(0);
    expect(ended()).toBe(true);
  });

  test("keeps the line under way while messages come", async ({ expect, onTestFinished }) => {
    const { path, requests, send } = await daemon(onTestFinished);
    const args = ["connect", `unix:${path}`, "--type", "NEWS=77"];
    // so narrow that the line takes several rows
    const { type, shows, screen } = terminal(onTestFinished, args, 30);
    await shows("imsg> ");
    const line = '{"type":20,"peerid":5,"text":"abcdefghijklmnopqrstuvwxyz"}';
    type(line);
    await shows("wxyz");
    send(77);
    await shows("77 NEWS");
    await shows("wxyz"); // drawn again
    type("\r");
    await until(expect, () => requests, [{ type: 20, peerid: 5, length: 26 }]);
    expect(screen().match(/77 NEWS/g)).toHaveLength(1);
  });

  test.for([
    ["the peer ends", "--until 9", "8\r"],
    ["a signal comes", "", CTRL_C],
  ])(
    "leaves the terminal as it was when %s",
    async ([, args, keys], { expect, onTestFinished }) => {
      const { path } = await daemon(onTestFinished);
      const command = `"$NODE" "$IMSG" connect unix:${path} ${args}`;
      const line = `stty -a > $A; ${command}; stty -a > $B; cmp $A $B && echo same`;
      const [before, after] = ["before", "after"].map((name) => join(folder, `${name}-${sockets}`));
      const names = `A='${before}'; B='${after}'; `;
      const { type, shows, screen, status } = shell(onTestFinished, names + line);
      await shows("imsg> ");
      type(keys!);
      await status;
      expect(screen()).toMatch(/same\r\n$/);
    },
  );

  test("is drawn on stderr where stdout is no terminal", async ({ expect, onTestFinished }) => {
    const { path } = await daemon(onTestFinished);
    const out = join(folder, "out");
    const command = `"$NODE" "$IMSG" connect unix:${path} --json --until 9 > '${out}'`;
    const { type, shows, status } = shell(onTestFinished, command);
    await shows("imsg> ");
    type("8\r");
    expect(await status).toBe(0);
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ n: 0, type: 9, len: 16 });
  });
});

describe("completion", () => {
  const names = new TypeNames();
  names.add("MINE=200");
  names.addProtocol(bgpd);
  const completer = new Completer(names, bgpd);
  const all = completer.complete("")[0];

  test("of an empty line lists the messages that clients send, and names of --type", ({
    expect,
  }) => {
    expect(all).toContain("MINE ");
    expect(all).toContain("SHOW_RIB ");
    expect(all).not.toContain("RESULT "); // the daemon sends it
    expect(all).not.toContain("SHOW_TIMER ");
  });

  test.each([
    ["SHOW_RIB_P", ["SHOW_RIB_PREFIX "], "SHOW_RIB_P"],
    ["SHOW_RIB_PREFIX {", expect_contains('"prefix":', '"prefixlen":', '"rib":'), ""],
    ["SHOW_RIB_PREFIX {pre", ['"prefix":', '"prefixlen":'], "pre"],
    ['SHOW_RIB_PREFIX {"prefixl', ['"prefixlen":'], '"prefixl'],
    ['SHOW_RIB_PREFIX {"prefix":"10.0.0.0", "pre', ['"prefixlen":'], '"pre'],
    ['SHOW_RIB {"neighbor":{"des', ['"descr":'], '"des'],
    ['SHOW_RIB {"neighbor":{"descr":"a{b\\"c"},"ri', ['"rib":'], '"ri'],
    ['SHOW_RIB {"flags":["x"],"ri', ['"rib":'], '"ri'],
    ['SHOW_RIB {"rib":', [], ""],
    ['SHOW_RIB {"rib":"x', [], ""],
    ["NO_SUCH {", [], ""],
    ["13 {", [], ""],
    ["{", expect_contains('"type":', '"payload":', '"data":'), ""],
    ['{"ty', ['"type":'], '"ty'],
    ['{"type":"SHOW_RIB_P', ['"SHOW_RIB_PREFIX"'], '"SHOW_RIB_P'],
    ['{"type":"SHOW_RIB","payload":{"ri', ['"rib":'], '"ri'],
    ['{"type":"SHOW_RIB","payload":{"neighbor":{"des', ['"descr":'], '"des'],
    ['{"payload":{"ri', [], ""],
  ] as [string, string[] | ((found: string[]) => boolean), string][])(
    "of %s",
    (line, candidates, replaced) => {
      const [found, part] = completer.complete(line);
      if (typeof candidates === "function") {
        if (!candidates(found)) throw new Error(`${line}: ${found.join(" ")}`);
      } else if (JSON.stringify(found) !== JSON.stringify(candidates)) {
        throw new Error(`${line}: ${JSON.stringify(found)}`);
      }
      if (part !== replaced && found.length > 0) throw new Error(`${line} replaces ${part}`);
    },
  );

  function expect_contains(...names: string[]) {
    return (found: string[]): boolean => names.every((name) => found.includes(name));
  }
});
