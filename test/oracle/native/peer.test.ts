import { describe, expect, test } from "vitest";
import {
  PeerType,
  peerArguments,
  peerBinary,
  peerPayload,
  readSum,
  sumOf,
} from "../../helpers/peer.ts";
import { concat, encode } from "../reference/codec.ts";
import { ReferenceConnection } from "../reference/connection.ts";
import { toGolden } from "../reference/golden.ts";
import { burst, byFormula, listening, paired, text, written } from "./peers.ts";

test("a peer that is not built is an error that names the command to run", () => {
  expect(() => peerBinary("/nonexistent/peer")).toThrow("`make build/native/peer`");
});

describe("a serving peer", () => {
  test("sends an ECHO back with type, peerid, pid and payload as they were", async () => {
    const { connection } = paired();
    for (const pid of [0, 1, 0x7fffffff, 0xffffffff]) {
      const message = { type: 1, peerid: 0xfedcba98, pid, data: peerPayload(pid, 16368) };
      connection.send(message);
      expect(await connection.receive()).toEqual({ ...message, len: 16384, hasFd: false });
    }
  });

  test("sums up the payloads that came, commands excepted", async () => {
    const { connection, child } = paired();
    const payloads = [new Uint8Array(0), peerPayload(1, 3), peerPayload(2, 5000)];
    connection.send({ type: 100, data: payloads[0]! });
    connection.send({ type: 101, data: payloads[1]! });
    connection.send({ type: 2, peerid: 1, data: new Uint8Array(4) });
    connection.send({ type: 102, data: payloads[2]! });
    connection.send({ type: 2, peerid: 2 });
    const [first, second] = [await connection.receive(), await connection.receive()];
    expect(first).toMatchObject({ type: 2, peerid: 1, pid: child.pid });
    expect(readSum(first!.data)).toEqual(sumOf(payloads.slice(0, 2)));
    expect(second).toMatchObject({ type: 2, peerid: 2 });
    expect(readSum(second!.data)).toEqual(sumOf(payloads));
  });

  test("sends the messages of SEND before it obeys the next command", async () => {
    const { connection, child } = paired();
    connection.send({ type: 3, data: peerArguments(1000, 700) });
    connection.send({ type: 3, data: peerArguments(2, 0) });
    connection.send({ type: 3 });
    connection.send({ type: 6 });
    const { messages, rest } = await connection.receiveAll();
    const expected = [
      ...byFormula(1000, 700, child.pid),
      ...byFormula(2, 0, child.pid),
      ...byFormula(1, 0, child.pid),
    ];
    expect(messages.map(toGolden)).toEqual(expected.map(toGolden));
    expect(rest).toBe(0);
  });

  test.each([
    { args: [], rest: 16 + 32 },
    { args: [10], rest: 16 + 5 },
    { args: [100, 8], rest: 8 },
    { args: [100, 0], rest: 0 },
  ])("stops inside a message on DIE with the arguments $args", async ({ args, rest }) => {
    const { connection, exited } = paired();
    connection.send({ type: 1, peerid: 5 });
    connection.send({ type: 4, data: peerArguments(...args) });
    const end = await connection.receiveAll();
    expect(end.messages).toMatchObject([{ type: 1, peerid: 5 }]);
    expect(end.rest).toBe(rest);
    expect(await exited).toEqual({ code: 0, signal: null });
  });

  test.each([0, 15, 0x80000001])("sends a header with length %i on BAD", async (len) => {
    const { connection, exited } = paired();
    connection.send({ type: 1 });
    connection.send({ type: 5, data: peerArguments(len) });
    expect((await connection.receiveError())?.header).toMatchObject({
      type: 16,
      len: len & 0x7fffffff,
    });
    expect(connection.ended).toBe(false);
    connection.end();
    const { messages, rest } = await connection.receiveAll();
    expect(messages.length).toBe(1);
    expect(rest).toBe(16);
    expect((await exited).code).toBe(0);
  });

  test("closes on QUIT when all that was asked before is written", async () => {
    const { connection, exited } = paired("--maxsize", "20000");
    for (let i = 0; i < 100; i++) connection.send({ type: 1, data: peerPayload(i, 16400) });
    connection.send({ type: 6 });
    connection.send({ type: 1, data: peerPayload(0, 1) });
    const { messages, rest } = await connection.receiveAll();
    expect(messages.map((message) => message.data.length)).toEqual(Array(100).fill(16400));
    expect(rest).toBe(0);
    expect((await exited).code).toBe(0);
  });

  test("answers a STALL when it is over, before later messages", async () => {
    const { connection } = paired();
    connection.send({ type: 1, peerid: 1 });
    connection.send({ type: 7, peerid: 2, data: peerArguments(50) });
    connection.send({ type: 1, peerid: 3 });
    const order = [];
    for (let i = 0; i < 3; i++) order.push((await connection.receive())?.peerid);
    expect(order).toEqual([1, 2, 3]);
  });

  test("does not read a stalled connection while it serves another one", async () => {
    const peer = await listening();
    const stalled = new ReferenceConnection(await peer.connect());
    stalled.send({ type: 1 });
    stalled.send({ type: 7, data: peerArguments(3_600_000) });
    await stalled.receive();
    stalled.sendRaw(burst);
    const other = new ReferenceConnection(await peer.connect());
    other.sendRaw(burst);
    for (let i = 0; i < 300; i++) expect((await other.receive())?.peerid).toBe(i);
    expect(stalled.stream.writableLength).toBeGreaterThan(0);
  });

  test("says that no descriptor came where none did", async () => {
    const { connection } = paired("--fdpass");
    connection.send({ type: 9, hasFd: true });
    expect((await connection.receive())?.data).toEqual(peerArguments(0));
  });

  test.each([
    { args: ["--fdpass"], hasFd: true },
    { args: [], hasFd: false },
  ])("marks its GIVE_FD with a descriptor: $hasFd, given $args", async ({ args, hasFd }) => {
    const { connection } = paired(...args);
    connection.send({ type: 8, peerid: 4 });
    const message = await connection.receive();
    expect(message).toMatchObject({ type: 8, peerid: 4, len: 26, hasFd });
    expect(text(message!.data)).toBe("descriptor");
  });

  test("answers good messages before it ends a connection for a bad header", async () => {
    const { connection, exited, stderr } = paired();
    const good = encode({ type: 1, peerid: 8 });
    connection.sendRaw(concat([good, good, encode({ type: 1, data: new Uint8Array(16369) })]));
    const { messages } = await connection.receiveAll();
    expect(messages.map((message) => message.peerid)).toEqual([8, 8]);
    expect(await exited).toEqual({ code: 1, signal: null });
    expect(stderr()).toBe("peer: imsgbuf_read: ERANGE\n");
  });

  test("takes messages up to --maxsize and none that is larger", async () => {
    const { connection, exited, stderr } = paired("--maxsize", "131072");
    connection.send({ type: 1, data: peerPayload(0, 131056) });
    expect((await connection.receive())?.len).toBe(131072);
    connection.send({ type: 1, data: peerPayload(0, 131057) });
    expect(await connection.receive()).toBeUndefined();
    expect((await exited).code).toBe(1);
    expect(stderr()).toContain("ERANGE");
  });
});

describe("a peer in a mode", () => {
  test("echo sends back more than the system buffers, to a client that does not read meanwhile", async () => {
    const { socket, connection } = paired("--mode", "echo");
    socket.pause();
    await written(socket, burst);
    expect(connection.ended).toBe(false);
    socket.resume();
    connection.end();
    const { messages, rest } = await connection.receiveAll();
    expect(rest).toBe(0);
    const returned = concat(messages.map((message) => encode(message)));
    expect(Buffer.compare(returned, burst)).toBe(0);
  });

  test("echo does the same through a small send buffer", async () => {
    const { connection } = paired("--mode", "echo", "--sndbuf", "4096");
    connection.sendRaw(burst);
    connection.end();
    const { messages, rest } = await connection.receiveAll();
    expect(rest).toBe(0);
    expect(Buffer.compare(concat(messages.map((each) => encode(each))), burst)).toBe(0);
  });

  test("echo obeys no commands", async () => {
    const { connection } = paired("--mode", "echo");
    for (const type of Object.values(PeerType)) {
      connection.send({ type, data: peerArguments(3, 3) });
      expect(await connection.receive()).toMatchObject({ type, data: peerArguments(3, 3) });
    }
  });

  test("sum answers at the end of input", async () => {
    const { connection } = paired("--mode", "sum");
    const payloads = Array.from({ length: 50 }, (_, i) => peerPayload(i, i * 20));
    for (const [type, data] of payloads.entries()) connection.send({ type, data });
    connection.end();
    const { messages } = await connection.receiveAll();
    expect(messages).toMatchObject([{ type: 2, peerid: 0 }]);
    expect(readSum(messages[0]!.data)).toEqual(sumOf(payloads));
  });

  test("sum --each answers every message as well", async () => {
    const { connection } = paired("--mode", "sum", "--each");
    connection.send({ type: 1, peerid: 1, data: peerPayload(0, 9) });
    expect(readSum((await connection.receive())!.data).count).toBe(1n);
    connection.send({ type: 1, peerid: 2 });
    connection.end();
    const { messages } = await connection.receiveAll();
    expect(messages.map((message) => message.peerid)).toEqual([2, 0]);
    for (const { data } of messages) {
      expect(readSum(data)).toEqual(sumOf([peerPayload(0, 9), new Uint8Array(0)]));
    }
  });

  test("send sends its messages by formula and closes", async () => {
    const { connection, exited } = paired(
      ...["--mode", "send", "--count", "2000", "--size", "1000", "--type", "77", "--pid", "4242"],
    );
    const { messages, rest } = await connection.receiveAll();
    expect(messages.map(toGolden)).toEqual(byFormula(2000, 1000, 4242, 77).map(toGolden));
    expect(rest).toBe(0);
    expect(await exited).toEqual({ code: 0, signal: null });
  });

  test.each([
    { args: [], good: 2, rest: 16 + 32 },
    { args: ["--good", "0", "--size", "1000"], good: 0, rest: 516 },
    { args: ["--good", "300", "--size", "10", "--cut", "7"], good: 300, rest: 7 },
  ])("die stops $rest bytes into a message, after $good good ones", async (row) => {
    const { connection, child } = paired("--mode", "die", ...row.args);
    const { messages, rest, error } = await connection.receiveAll();
    const size = messages[0]?.data.length ?? 0;
    expect(messages).toEqual(byFormula(row.good, size, child.pid));
    expect({ rest, error }).toEqual({ rest: row.rest, error: undefined });
  });

  test.each([0, 15, 16385, 0xffffffff])("bad sends a header of length %i", async (len) => {
    const peer = await listening("--mode", "bad", "--len", String(len), "--good", "3");
    const connection = new ReferenceConnection(await peer.connect());
    const error = await connection.receiveError();
    expect(error?.header).toMatchObject({ type: 16, len: len & 0x7fffffff, peerid: 3 });
    connection.end();
    expect((await connection.receiveAll()).messages.length).toBe(3);
  });

  test("close ends the connection without a message and without an error", async () => {
    const { connection, exited } = paired("--mode", "close");
    expect(await connection.receiveAll()).toEqual({ messages: [], rest: 0 });
    expect(connection.failure).toBeUndefined();
    expect((await exited).code).toBe(0);
  });

  test("reset breaks the connection when something has come", async () => {
    const { connection } = paired("--mode", "reset");
    connection.send({ type: 1 });
    expect(await connection.receive()).toBeUndefined();
    expect(connection.failure).toMatchObject({ code: "ECONNRESET" });
  });

  test("stall continues as echo", async () => {
    const { connection } = paired("--mode", "stall", "--ms", "50");
    connection.sendRaw(burst);
    connection.end();
    const { messages } = await connection.receiveAll();
    expect(Buffer.compare(concat(messages.map((each) => encode(each))), burst)).toBe(0);
  });

  test("greet speaks first and then echoes", async () => {
    const { connection, child } = paired("--mode", "greet");
    const greeting = await connection.receive();
    expect(greeting).toMatchObject({ type: PeerType.greeting, peerid: 0, pid: child.pid });
    expect(text(greeting!.data)).toBe("hello");
    connection.send({ type: 3, pid: 1 });
    expect(await connection.receive()).toMatchObject({ type: 3, pid: 1, len: 16 });
  });

  test("dump prints what came", async () => {
    const { connection, exited, stdout } = paired("--mode", "dump");
    connection.send({ type: 5, peerid: 6, pid: 7, hasFd: true, data: Uint8Array.of(1, 255) });
    connection.send({ type: 8 });
    connection.end();
    expect((await exited).code).toBe(0);
    expect(stdout()).toBe("message 5 18 6 7 1 0 01ff\nmessage 8 16 0 0 0 0 -\nend\n");
  });
});
