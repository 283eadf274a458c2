import { describe, expect, onTestFinished, test } from "vitest";
import {
  type ListeningPeer,
  listenPeer,
  PeerType,
  pairPeer,
  peerArguments,
  peerPayload,
  readSum,
  sumOf,
} from "../../helpers/peer.ts";
import { type Connection, type ConnectionOptions, connectionOver, KINDS } from "./connections.ts";
import { numbered, type Plain, payload, plain } from "./streams.ts";

const LARGEST = 16368;

/** Messages that the peer makes by its formula. */
const byFormula = (count: number, size: number, pid: number | undefined): Plain[] =>
  Array.from({ length: count }, (_, i) =>
    plain({ type: PeerType.data, peerid: i, pid: pid ?? 0, data: peerPayload(i, size) }),
  );

const BAD_LENGTHS = [0, 15, 16385, 0x7fffffff, 0xffffffff];

describe.each(KINDS)("%s and a native process", (kind) => {
  function over(socket: Parameters<typeof connectionOver>[1], options?: ConnectionOptions) {
    const connection = connectionOver(kind, socket, options);
    onTestFinished(() => connection.close());
    return connection;
  }

  async function listening(
    args: string[],
    options?: ConnectionOptions,
  ): Promise<{ peer: ListeningPeer; connection: Connection }> {
    const peer = await listenPeer(...args);
    onTestFinished(() => peer.stop());
    return { peer, connection: over(await peer.connect(), options) };
  }

  /** Everything up to the end, which is a clean one or an error. */
  async function receiveAll(connection: Connection) {
    const messages: Plain[] = [];
    try {
      for (;;) {
        const message = await connection.receive();
        if (message === undefined) return { messages, error: undefined };
        messages.push(message);
      }
    } catch (error) {
      return { messages, error };
    }
  }

  test("exchange payloads of every length to 80, and around multiples of 16", async () => {
    const sizes = Array.from({ length: 81 }, (_, i) => i);
    for (const multiple of [128, 4096, 8192, 16352])
      sizes.push(multiple - 1, multiple, multiple + 1);
    sizes.push(LARGEST - 1, LARGEST);
    const { connection } = await listening(["--mode", "echo"]);
    for (const [i, size] of sizes.entries()) {
      await connection.send(numbered(i, size));
      expect(await connection.receive()).toEqual(plain(numbered(i, size)));
    }
    await connection.end();
    expect(await connection.receive()).toBeUndefined();
  });

  test("agree on a checksum of what was sent, and on what is echoed of it", async () => {
    const { connection } = await listening([]);
    const payloads = Array.from({ length: 400 }, (_, i) => payload(i, (i * i * 7) % (LARGEST + 1)));
    for (const data of payloads) await connection.send({ type: 100, data });
    await connection.send({ type: PeerType.sum, peerid: 1 });
    const sum = await connection.receive();
    expect(readSum(Buffer.from(sum!.data, "hex"))).toEqual(sumOf(payloads));
  });

  test("exchange what the other side originates, over a socketpair too", async () => {
    const peer = pairPeer();
    onTestFinished(() => peer.stop());
    const connection = over(peer.socket);
    for (const [count, size] of [
      [3, 0],
      [1000, 1],
      [50, 4096],
      [20, LARGEST],
    ] as const) {
      await connection.send({ type: PeerType.send, data: peerArguments(count, size) });
    }
    await connection.send({ type: PeerType.quit });
    const { messages, error } = await receiveAll(connection);
    expect(error).toBeUndefined();
    const { pid } = peer.child;
    expect(messages).toEqual([
      ...byFormula(3, 0, pid),
      ...byFormula(1000, 1, pid),
      ...byFormula(50, 4096, pid),
      ...byFormula(20, LARGEST, pid),
    ]);
  });

  test("take 16,384 bytes and not one more, to either side", async () => {
    const { connection } = await listening(["--mode", "echo"]);
    const tooMuch = connection.send({ type: 1, data: payload(1, LARGEST + 1) });
    await expect(tooMuch).rejects.toMatchObject({ code: "ERANGE", errno: 34 });
    await connection.send(numbered(1, LARGEST));
    expect(await connection.receive()).toEqual(plain(numbered(1, LARGEST)));

    const small = await listening(["--mode", "send", "--size", String(LARGEST), "--count", "2"]);
    expect(await receiveAll(small.connection)).toEqual({
      messages: byFormula(2, LARGEST, small.peer.child.pid),
      error: undefined,
    });
    const arguments_ = ["--mode", "send", "--size", String(LARGEST + 1), "--maxsize", "20000"];
    const large = await listening(arguments_);
    const { messages, error } = await receiveAll(large.connection);
    expect(messages).toEqual([]);
    expect(error).toMatchObject({ code: "ERANGE", syscall: "imsgbuf_read" });
  });

  test("the peer refuses a message that only our side allows", async () => {
    const { peer, connection } = await listening(["--mode", "echo", "--connections", "1"], {
      maxSize: LARGEST + 17,
    });
    await connection.send(numbered(1, 5));
    await connection.send(numbered(2, LARGEST + 1));
    expect(await connection.receive()).toEqual(plain(numbered(1, 5)));
    expect(await connection.receive().catch(() => undefined)).toBeUndefined();
    expect(await peer.exited).toEqual({ code: 1, signal: null });
    expect(peer.stderr()).toBe("peer: imsgbuf_read: ERANGE\n");
  });

  test("with a maximum of 16 exchange nothing but headers", async () => {
    const { connection } = await listening(["--mode", "echo"], { maxSize: 16 });
    const refused = connection.send(numbered(1, 1));
    await expect(refused).rejects.toMatchObject({ code: "ERANGE" });
    await connection.send(numbered(2, 0));
    expect(await connection.receive()).toEqual(plain(numbered(2, 0)));
    const wide = await listening(["--mode", "send", "--size", "1"], { maxSize: 16 });
    expect(await receiveAll(wide.connection)).toMatchObject({
      messages: [],
      error: { code: "ERANGE" },
    });
  });

  test("with the largest maximum exchange messages of megabytes", async () => {
    const { connection } = await listening(["--mode", "echo", "--maxsize", "0x7fffffff"], {
      maxSize: 0x7fffffff,
    });
    for (const [i, size] of [65519, 65520, 65521, 1 << 20, 5_000_001].entries()) {
      await connection.send(numbered(i, size));
      // not toEqual: a difference of megabytes takes minutes to print
      const { data, ...fields } = (await connection.receive())!;
      const { data: sent, ...sentFields } = plain(numbered(i, size));
      expect(fields).toEqual(sentFields);
      expect(data === sent).toBe(true);
    }
  });

  test.each(BAD_LENGTHS)(
    "a header with length %i ends one connection after its good messages, and no other",
    async (length) => {
      const args = ["--good", "3", "--size", "40", "--type", String(PeerType.data)];
      const { peer, connection } = await listening(args);
      const other = over(await peer.connect());
      await connection.send({ type: PeerType.send, data: peerArguments(2, 40) });
      await connection.send({ type: PeerType.bad, data: peerArguments(length) });
      const { messages, error } = await receiveAll(connection);
      expect(messages).toEqual(byFormula(2, 40, peer.child.pid));
      expect(error).toMatchObject({ code: "ERANGE", errno: 34, syscall: "imsgbuf_read" });
      for (let i = 0; i < 2; i++) {
        expect(await receiveAll(connection)).toEqual({ messages: [], error });
      }
      await other.send({ ...numbered(1, 99), type: PeerType.echo });
      expect(await other.receive()).toMatchObject({ data: plain(numbered(1, 99)).data });
    },
  );

  test.each([
    { cut: 1, says: "1 of 16 bytes of a header" },
    { cut: 15, says: "15 of 16 bytes of a header" },
    { cut: 16, says: "16 of 1016 bytes" },
    { cut: 17, says: "17 of 1016 bytes" },
    { cut: 1015, says: "1015 of 1016 bytes" },
  ])("an end after $cut bytes of a message is a truncation", async ({ cut, says }) => {
    const args = ["--mode", "die", "--good", "2", "--size", "1000", "--cut", String(cut)];
    const { peer, connection } = await listening(args);
    const { messages, error } = await receiveAll(connection);
    expect(messages).toEqual(byFormula(2, 1000, peer.child.pid));
    expect(error).toMatchObject({
      code: "ERR_IMSG_TRUNCATED",
      message: expect.stringContaining(`: ${says}`),
    });
    expect(await receiveAll(connection)).toEqual({ messages: [], error });
  });

  test("an end behind a whole message, or before any, is clean", async () => {
    const dying = await listening(["--mode", "die", "--good", "2", "--size", "8", "--cut", "24"]);
    expect(await receiveAll(dying.connection)).toEqual({
      messages: byFormula(3, 8, dying.peer.child.pid),
      error: undefined,
    });
    const closing = await listening(["--mode", "close"]);
    expect(await receiveAll(closing.connection)).toEqual({ messages: [], error: undefined });
  });

  test("a connection that is reset is ECONNRESET", async () => {
    const { connection } = await listening(["--mode", "reset"]);
    await connection.send({ type: 1 });
    const { error } = await receiveAll(connection);
    expect(error).toMatchObject({ code: "ECONNRESET" });
  });

  test("a message in many pieces and many messages in one are the same to both", async () => {
    const { connection } = await listening(["--mode", "echo", "--sndbuf", "4608"]);
    const sizes = Array.from({ length: 300 }, (_, i) => (i % 10 === 0 ? LARGEST - i : i));
    const sent = sizes.map((size, i) => numbered(i, size));
    const received = (async () => {
      const messages: Plain[] = [];
      while (messages.length < sent.length) messages.push((await connection.receive())!);
      return messages;
    })();
    for (const message of sent) await connection.send(message);
    expect(await received).toEqual(sent.map(plain));
  });
});
