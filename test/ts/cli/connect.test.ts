import { createServer, type Server } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { parseMessage } from "../../../ts/cli/message.ts";
import { TypeNames } from "../../../ts/cli/values.ts";
import {
  listenPeer,
  PeerType,
  peerArguments,
  peerBinary,
  peerPayload,
} from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { packed as bundle, run, start, temporaryFile } from "./command.ts";
import { relayTo } from "./relay-client.ts";

let echo: string;

beforeAll(async () => {
  echo = `exec:exec '${peerBinary()}' --fd 3 --mode echo`;
});
const json = (stdout: string): Record<string, unknown>[] =>
  stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

async function peerOf(...args: string[]): Promise<string> {
  const peer = await listenPeer(...args);
  onTestFinished(() => peer.stop());
  return `unix:${peer.path}`;
}

describe("imsg connect", () => {
  test("sends --send and then stdin, and prints the answers, over every kind of target", async () => {
    const path = await peerOf("--mode", "echo");
    const tcp = await tcpTo(path);
    const relay = await relayTo(path);
    for (const target of [path, tcp, relay.url, echo]) {
      const { status, stdout, stderr } = await run(
        bundle,
        [
          "connect",
          target,
          "--json",
          "--send",
          '{"type":5,"data":"00 ff"}',
          "--send",
          '{"type":6}',
          "--until",
          "9",
          "--pid",
          "77",
        ],
        '{"type":8,"peerid":3,"text":"hé"}\n\n{"type":9,"base64":"AQI="}\n{"type":10}\n',
      );
      expect({ target, status, stderr }).toEqual({ target, status: 0, stderr: "" });
      expect(json(stdout)).toEqual([
        { n: 0, type: 5, len: 18, peerid: 0, pid: 77, data: "00ff" },
        { n: 1, type: 6, len: 16, peerid: 0, pid: 77, data: "" },
        { n: 2, type: 8, len: 19, peerid: 3, pid: 77, data: "68c3a9" },
        { n: 3, type: 9, len: 18, peerid: 0, pid: 77, data: "0102" },
      ]);
    }
  });

  test("prints a table unless asked otherwise", async () => {
    const send = ["--send", '{"type":"HI","pid":77,"text":"hello"}'];
    const names = ["--type", "HI=5"];
    const { stdout } = await run(bundle, ["connect", echo, ...send, ...names, "--until", "HI"]);
    expect(
      stdout,
    ).toBe(`       #  type                                 len      peerid         pid  fd
       0  5 HI                                  21           0          77
          00000000  68 65 6c 6c 6f                                    |hello|
`);
  });

  test("prints messages as they arrive, until a signal", async () => {
    const command = start(bundle, ["connect", echo, "--json"]);
    for (let i = 0; i < 3; i++) {
      command.child.stdin!.write(`{"type":${i},"pid":1}\n`);
      while (json(command.stdout()).length <= i) {
        await new Promise((resolve) => command.child.stdout!.once("data", resolve));
      }
    }
    command.child.kill("SIGINT");
    expect(await command.ended).toMatchObject({ status: 130, stderr: "" });
  });

  test("sends the lines that dump has printed", async () => {
    const file = temporaryFile(
      "again.bin",
      Buffer.concat(
        [0, 5, 9000].map((size, i) =>
          encode({ type: i, peerid: 7, pid: 8 + i, data: peerPayload(i, size) }),
        ),
      ),
    );
    const dumped = await run(bundle, ["dump", "--json", "--type", "TWO=2", file]);
    const sent = await run(bundle, ["connect", echo, "--json", "--end"], dumped.stdout);
    expect(sent.status).toBe(0);
    const without = ({ offset: _o, name: _n, ...line }: Record<string, unknown>) => line;
    expect(json(sent.stdout)).toEqual(json(dumped.stdout).map(without));
  });

  test("ends its side with --end, and still prints the answers of the peer", async () => {
    const target = `exec:exec '${peerBinary()}' --fd 3 --mode sum`;
    const args = ["connect", target, "--json", "--end", "--send", '{"type":50,"data":"010203"}'];
    const { status, stdout } = await run(bundle, args);
    expect(status).toBe(0);
    expect(json(stdout)).toMatchObject([{ type: PeerType.sum }]);
  });

  test("exits with 3 if --until does not come in time, and with 0 if nothing was waited for", async () => {
    const late = await run(bundle, ["connect", echo, "--timeout", "0.2", "--until", "4"]);
    expect(late).toEqual({ status: 3, stdout: "", stderr: "imsg: timed out after 0.2 s\n" });
    const done = await run(bundle, ["connect", echo, "--timeout", "0.2"]);
    expect(done).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test("exits with 1 if the peer ends before --until came, with 0 if nothing was waited for", async () => {
    const target = await peerOf("--mode", "send", "--count", "2");
    const ended = await run(bundle, [
      "connect",
      target,
      "--json",
      "--type",
      "X=4",
      "--until",
      "X,5",
    ]);
    expect(json(ended.stdout).length).toBe(2);
    expect(ended).toMatchObject({
      status: 1,
      stderr: "imsg: the peer ended before a message of type X or 5 came\n",
    });
    expect(await run(bundle, ["connect", target, "--json"])).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test.each([
    ["cut", ["--mode", "die", "--good", "2"], "ERR_IMSG_TRUNCATED"],
    ["bad", ["--mode", "bad", "--good", "2", "--len", "9"], "ERANGE"],
  ])("prints the good messages of a stream that is %s, then the reason", async (_w, args, why) => {
    const { status, stdout, stderr } = await run(bundle, [
      "connect",
      await peerOf(...args),
      "--json",
    ]);
    expect(status).toBe(1);
    expect(json(stdout).map(({ peerid }) => peerid)).toEqual([0, 1]);
    expect(stderr).toContain(why);
  });

  test("receives a lot", async () => {
    const data = Buffer.from(peerArguments(2000, 16000)).toString("hex");
    const send = [{ type: PeerType.send, data }, { type: PeerType.quit }];
    const { status, stdout } = await run(
      bundle,
      ["connect", await peerOf(), "--json"],
      send.map((message) => `${JSON.stringify(message)}\n`).join(""),
    );
    expect(status).toBe(0);
    const lines = json(stdout);
    expect(lines.map(({ peerid }) => peerid)).toEqual(lines.map((_, i) => i));
    expect(lines.length).toBe(2000);
  });

  test("names the target that it cannot connect to", async () => {
    const closed = createServer();
    const port = await listening(closed);
    await new Promise((resolve) => closed.close(resolve));
    for (const [target, why] of [
      ["unix:/nonexistent/s", "ENOENT"],
      [`tcp:127.0.0.1:${port}`, "ECONNREFUSED"],
      [`ws://127.0.0.1:${port}`, "ECONNREFUSED"],
    ]) {
      const { status, stderr } = await run(bundle, ["connect", target!]);
      expect({ target, status }).toEqual({ target, status: 1 });
      expect(stderr).toContain(why);
    }
  });

  test("prints the refusals of a relay, before and after it is connected", async () => {
    const target = await peerOf("--mode", "echo");
    const relay = await relayTo(target, { token: "a-good-token", allowTypes: [1] });
    const refused = await run(bundle, ["connect", relay.url, "--token", "a-wrong-token"]);
    expect(refused).toEqual({
      status: 1,
      stdout: "",
      stderr: "imsg: refused with HTTP status 401: the token is wrong\n",
    });
    const env = { IMSG_TOKEN: "a-good-token" };
    const origin = await run(
      bundle,
      ["connect", relay.url, "--origin", "http://x.example"],
      "",
      env,
    );
    expect(origin.stderr).toContain("403: the Origin is not allowed");
    const command = start(bundle, ["connect", relay.url, "--json"], undefined, env);
    command.child.stdin!.write('{"type":1,"pid":9}\n');
    await new Promise((resolve) => command.child.stdout!.once("data", resolve));
    command.child.stdin!.write('{"type":2,"pid":9}\n');
    const { status, stdout, stderr } = await command.ended;
    expect(status).toBe(1);
    expect(json(stdout)).toMatchObject([{ type: 1, pid: 9 }]);
    expect(stderr).toBe(
      "imsg: the WebSocket was closed with 1008: messages of type 2 are not allowed\n",
    );
  });

  test("refuses messages that are none: --send before it connects, stdin by its line", async () => {
    for (const bad of ["{", "[]", '{"type":-1}', '{"type":"X"}', '{"type":1,"date":""}', "{}"]) {
      const { status, stdout, stderr } = await run(bundle, [
        "connect",
        "unix:/nonexistent",
        "--send",
        bad,
      ]);
      expect({ bad, status, stdout }).toEqual({ bad, status: 2, stdout: "" });
      expect(stderr).toContain(`--send ${bad}`);
    }
    const { status, stderr } = await run(
      bundle,
      ["connect", echo],
      '{"type":1}\n\n{"type":1,"data":"0"}\n',
    );
    expect(status).toBe(1);
    expect(stderr).toContain("stdin, line 3: ");
    const long = await run(
      bundle,
      ["connect", echo, "--max-size", "20"],
      '{"type":1,"text":"hello"}\n',
    );
    expect(long.status).toBe(1);
    expect(long.stderr).toContain("line 1: the message has 21 bytes, and --max-size is 20");
  });
});

describe("a message as JSON", () => {
  const names = new TypeNames();
  names.add("SHOW=13");
  test.each([
    ['{"type":13}', { type: 13 }],
    ['{"type":"SHOW","peerid":4294967295,"pid":1}', { type: 13, peerid: 0xffffffff, pid: 1 }],
    ['{"type":1,"data":""}', { type: 1, data: Buffer.alloc(0) }],
    ['{"type":1,"data":"aB 0c\\n"}', { type: 1, data: Buffer.of(0xab, 0x0c) }],
    ['{"type":1,"base64":"-_8"}', { type: 1, data: Buffer.of(0xfb, 0xff) }],
    [
      '{"type":1,"len":17,"data":"ff","n":1,"offset":5,"name":"X","fd":true}',
      { type: 1, data: Buffer.of(255) },
    ],
    ["SHOW", { type: 13 }],
    [" 7 ", { type: 7 }],
  ])("%s is read", (text, message) => {
    expect(parseMessage(text, names)).toEqual(message);
  });

  test.each([
    ['{"type":1.5}', '"type" is a number'],
    ['{"type":4294967296}', '"type" is a number'],
    ['{"type":1,"pid":"1"}', '"pid" is a number'],
    ['{"type":1,"data":"0"}', '"data" is hex'],
    ['{"type":1,"data":"zz"}', '"data" is hex'],
    ['{"type":1,"data":[1]}', '"data" is a string'],
    ['{"type":1,"base64":"a"}', "no base64"],
    ['{"type":1,"base64":"!!!!"}', "no base64"],
    ['{"type":1,"text":"a","data":"00"}', "exclude each other"],
    ['{"type":1,"len":99}', '"len" is 99, but the message has 16'],
    ["[]", "a JSON object"],
    ["null", "neither --type nor --protocol gives this name"],
    ["4294967296", "a message type is a number"],
    ["SHOW {}", '"payload" needs --protocol'],
    ['SHOW {"a":', "not JSON"],
    ["SHOW []", "not JSON"],
  ])("%s is refused with the reason", (text, why) => {
    expect(() => parseMessage(text, names)).toThrow(why);
  });
});

/** A TCP port that leads to a Unix socket. */
async function tcpTo(target: string): Promise<string> {
  const { connect } = await import("node:net");
  const server = createServer((socket) => {
    const inner = connect(target.replace("unix:", ""));
    socket.pipe(inner).pipe(socket);
    for (const one of [socket, inner]) one.on("error", () => {});
  });
  const port = await listening(server);
  onTestFinished(() => void server.close());
  return `tcp:127.0.0.1:${port}`;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}
