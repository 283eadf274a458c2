import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { encode, type ReferenceMessage } from "../../oracle/reference/codec.ts";
import { clientOf, handshake, relayTo, rememberingDaemon } from "./relay-client.ts";

const TOKEN = "a-token-of-16-or-more";
const withToken = (token: string) => ({ "Sec-WebSocket-Protocol": `imsg, imsg.token.${token}` });

describe("before a client is connected, the relay", () => {
  test("refuses a page of another origin, and logs which", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    for (const origin of ["https://evil.example", "null", `https://127.0.0.1:${relay.port}`]) {
      relay.events.length = 0;
      const { status, body } = await handshake(relay, { Origin: origin });
      expect({ status, body }).toEqual({ status: 403, body: "the Origin is not allowed\n" });
      const event = await relay.event("refused");
      expect(event).toMatchObject({ status: 403, why: "the Origin is not allowed", origin });
    }
    expect(daemon.connections).toEqual([]);
  });

  test("accepts pages of its own origin, allowed ones, and clients that are no pages", async () => {
    const daemon = await rememberingDaemon();
    const allowOrigins = ["https://lg.example", "null"];
    const relay = await relayTo(daemon.target, { allowOrigins });
    const own = [`http://127.0.0.1:${relay.port}`, ...allowOrigins];
    for (const Origin of own) expect((await handshake(relay, { Origin })).status).toBe(101);
    expect((await handshake(relay)).status).toBe(101);
    const Host = `localhost:${relay.port}`;
    expect((await handshake(relay, { Host, Origin: `http://${Host}` })).status).toBe(101);
    // each of the two is the relay's own, but a page of one is foreign to the other
    const mixed = await handshake(relay, { Host, Origin: `http://127.0.0.1:${relay.port}` });
    expect(mixed.status).toBe(403);
  });

  test("refuses a foreign Host, as a rebound name sends it, even with a matching Origin", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { allowOrigins: ["null"] });
    const foreign = [
      `evil.example:${relay.port}`,
      `127.0.0.1:${relay.port + 1}`,
      "127.0.0.1",
      `127.0.0.1.evil.example:${relay.port}`,
      `user@127.0.0.1:${relay.port}`,
      "[::1",
    ];
    for (const Host of foreign) {
      relay.events.length = 0;
      const { status, body } = await handshake(relay, { Host, Origin: `http://${Host}` });
      expect({ Host, status, body }).toEqual({
        Host,
        status: 403,
        body: "the Host is not this relay's\n",
      });
      expect(await relay.event("refused")).toMatchObject({ status: 403, host: Host });
    }
    expect(daemon.connections).toEqual([]);
  });

  test("accepts the Host of an allowed origin, as a reverse proxy passes it on", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { allowOrigins: ["https://lg.example"] });
    const Host = "lg.example";
    expect((await handshake(relay, { Host, Origin: `https://${Host}` })).status).toBe(101);
    expect((await handshake(relay, { Host, Origin: `http://${Host}` })).status).toBe(403);
    expect((await handshake(relay, { Host: "lg.example.evil.example" })).status).toBe(403);
  });

  test("refuses clients without a token or with a wrong one, and discloses neither token", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { token: TOKEN });
    const cases: [Record<string, string>, string][] = [
      [{}, "a token is needed"],
      [{ "Sec-WebSocket-Protocol": "imsg" }, "a token is needed"],
      [withToken("wrong-token"), "the token is wrong"],
      [withToken(TOKEN.slice(0, -1)), "the token is wrong"],
      [withToken(`${TOKEN}x`), "the token is wrong"],
    ];
    for (const [headers, why] of cases) {
      relay.events.length = 0;
      const { status, body } = await handshake(relay, headers);
      expect({ status, body }).toEqual({ status: 401, body: `${why}\n` });
      expect(await relay.event("refused")).toMatchObject({ status: 401, why });
      expect(JSON.stringify(relay.events)).not.toMatch(/wrong-token|a-token/);
    }
    expect(daemon.connections).toEqual([]);
  });

  test("takes a token as a subprotocol and answers with imsg, not with the token", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { token: TOKEN });
    const { status, protocol } = await handshake(relay, withToken(TOKEN));
    expect({ status, protocol }).toEqual({ status: 101, protocol: "imsg" });
  });

  test("refuses a token in the URL", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { token: TOKEN });
    const url = `${relay.url}?token=${TOKEN}&imsg.token.${TOKEN}`;
    await expect(clientOf({ ...relay, url })).rejects.toThrow("401");
  });

  test("turns a client away when there are too many connections, and takes the next one", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { maxConnections: 2 });
    const first = await clientOf(relay);
    const second = await clientOf(relay);
    const third = await clientOf(relay);
    expect(await third.closed).toEqual({ code: 1013, reason: "there are 2 connections already" });
    expect(await relay.event("refused")).toMatchObject({
      status: 1013,
      why: "there are 2 connections already",
    });
    expect(daemon.connections.length).toBeLessThanOrEqual(2);
    first.socket.close();
    await relay.event("closed");
    const fourth = await clientOf(relay);
    fourth.send({ type: 1, pid: 4 });
    const side = await daemon.connection(2);
    await side.has(1);
    expect(second.socket.readyState).toBe(second.socket.OPEN);
  });

  test("answers a request that is no WebSocket with its own name, and a bad handshake with the fault", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const response = await fetch(relay.url.replace("ws:", "http:"));
    expect(response.status).toBe(426);
    expect(await response.text()).toContain("imsg relay");
    expect(await handshake(relay, { "Sec-WebSocket-Version": "7" })).toMatchObject({ status: 400 });
    const statuses = relay.events.map((event) => (event.event === "refused" ? event.status : 0));
    expect(statuses.filter((status) => status > 0)).toEqual([426, 400]);
  });

  test("survives a client that breaks off while it is being refused", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    for (let i = 0; i < 20; i++) {
      const socket = connect({ host: relay.host, port: relay.port });
      socket.on("error", () => {});
      await new Promise<void>((resolve) => socket.once("connect", resolve));
      socket.write("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: Upgrade\r\n");
      socket.write("Upgrade: websocket\r\n\r\n", () => socket.resetAndDestroy());
    }
    expect((await handshake(relay)).status).toBe(101);
  });
});

describe("a connected client is closed", () => {
  const cases: {
    what: string;
    bytes: Uint8Array;
    code: number;
    reason: string;
    options?: { allowTypes?: number[]; maxSize?: number };
  }[] = [
    {
      what: "that sends a forbidden type",
      bytes: encode({ type: 30, pid: 5 }),
      options: { allowTypes: [13, 16] },
      code: 1008,
      reason: "messages of type 30 are not allowed",
    },
    {
      what: "that announces a message that is too long",
      bytes: encode({ type: 13, pid: 5, data: new Uint8Array(16369) }).subarray(0, 16),
      code: 1007,
      reason: "bad length of a message (ERANGE): header type 13, len 16385, peerid 0, pid 5",
    },
    {
      what: "that sends a message longer than --max-size",
      bytes: encode({ type: 13, pid: 5, data: new Uint8Array(100) }),
      options: { maxSize: 115 },
      code: 1007,
      reason: "bad length of a message (ERANGE): header type 13, len 116, peerid 0, pid 5",
    },
    {
      what: "that sends a header shorter than a header",
      bytes: Uint8Array.of(13, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0),
      code: 1007,
      reason: "bad length of a message (ERANGE): header type 13, len 15, peerid 0, pid 5",
    },
  ];

  test.each(cases)(
    "$what, and the daemon gets none of it",
    async ({ bytes, code, reason, options }) => {
      const daemon = await rememberingDaemon();
      const relay = await relayTo(daemon.target, options);
      const client = await clientOf(relay);
      client.send({ type: 13, pid: 5, data: Uint8Array.of(1) });
      const side = await daemon.connection(0);
      await side.has(1);
      client.socket.send(bytes);
      expect(await client.closed).toEqual({ code, reason });
      expect(await relay.event("closed")).toMatchObject({ code, why: reason, up: 1, down: 0 });
      await side.ended;
      expect(side.bytes()).toBe(17);
    },
  );

  test("that writes another's pid, and the daemon gets none of it", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const victim = await clientOf(relay);
    victim.send({ type: 13, pid: 111 });
    const side = await daemon.connection(0);
    const [{ pid: stolen }] = (await side.has(1)) as [ReferenceMessage];
    const thief = await clientOf(relay);
    thief.send({ type: 13, pid: 222 });
    const thiefSide = await daemon.connection(1);
    await thiefSide.has(1);
    thief.send({ type: 13, pid: stolen });
    const reason = `pid ${stolen} is foreign: this connection's is 222`;
    expect(await thief.closed).toEqual({ code: 1008, reason });
    expect(await relay.event("closed")).toMatchObject({ code: 1008, why: reason, up: 1 });
    await thiefSide.ended;
    expect(thiefSide.bytes()).toBe(16);
    // the other client is still served
    side.send({ type: 13, pid: stolen });
    expect(await victim.receive()).toMatchObject({ type: 13, pid: 111 });
  });

  test("that has even a part of a bad header split over frames", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const client = await clientOf(relay);
    const bytes = encode({ type: 13, pid: 5, data: new Uint8Array(20000) });
    for (let i = 0; i < 16; i++) client.socket.send(bytes.subarray(i, i + 1));
    const { code, reason } = await client.closed;
    expect(code).toBe(1007);
    expect(reason).toContain("ERANGE");
    expect((await relay.event("closed")).why).toContain("ERANGE");
    expect((await daemon.connection(0)).bytes()).toBe(0);
  });

  test("that sends text", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target);
    const client = await clientOf(relay);
    client.socket.send('{"type":13}');
    expect(await client.closed).toEqual({ code: 1003, reason: "text frames are no imsgs" });
    expect(await relay.event("closed")).toMatchObject({ code: 1003 });
  });

  test.each([
    [16_384, 65_536],
    [1_000_000, 1_000_000],
    [64 * 1024 * 1024, 1_048_576],
  ])("with --max-size %i, that sends a frame longer than %i bytes", async (maxSize, most) => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { maxSize });
    const client = await clientOf(relay);
    const length = Math.min(maxSize, most);
    const message = encode({ type: 13, pid: 5, data: new Uint8Array(length - 16) });
    client.socket.send(Buffer.concat(Array(most / length).fill(message)));
    const connection = await daemon.connection(0);
    await expect.poll(() => connection.bytes(), { timeout: 10_000 }).toBe(most);
    client.socket.send(new Uint8Array(most + 1));
    expect(await client.closed).toMatchObject({ code: 1009 });
    expect(await relay.event("closed")).toMatchObject({ code: 1009, why: "the frame is too long" });
    expect(connection.bytes()).toBe(most);
  });

  test("that leaves in the middle of a message, and the daemon sees only the whole ones", async () => {
    const daemon = await rememberingDaemon({ lingers: true });
    const relay = await relayTo(daemon.target);
    const client = await clientOf(relay);
    const message = encode({ type: 13, pid: 5, data: new Uint8Array(10) });
    client.socket.send(Buffer.concat([message, message.subarray(0, 20)]));
    client.socket.close();
    expect(await relay.event("closed")).toMatchObject({ why: "the last message was cut" });
    const side = await daemon.connection(0);
    await side.ended;
    expect(side.bytes()).toBe(message.length);
  });

  test("when nothing happens for the idle timeout, and not before", async () => {
    const daemon = await rememberingDaemon();
    const relay = await relayTo(daemon.target, { idleTimeout: 1000 });
    const idle = await clientOf(relay);
    const busy = await clientOf(relay);
    const timer = setInterval(() => busy.send({ type: 1, pid: 1 }), 20);
    const reason = "nothing was sent or taken for 1 s";
    expect(await idle.closed).toEqual({ code: 4408, reason });
    expect(await relay.event("closed")).toMatchObject({ code: 4408, why: reason });
    expect(busy.socket.readyState).toBe(busy.socket.OPEN);
    clearInterval(timer);
    expect(await busy.closed).toMatchObject({ code: 4408 });
  });
});

test("a relay refuses options that would have no effect", async () => {
  const to = "unix:/nonexistent";
  await expect(relayTo("foo:bar")).rejects.toThrow("a target is");
  await expect(relayTo(to, { allowOrigins: ["*"] })).rejects.toThrow("an origin is such as");
  await expect(relayTo(to, { allowOrigins: ["lg.example"] })).rejects.toThrow("an origin");
  await expect(relayTo(to, { allowOrigins: ["https://a/b"] })).rejects.toThrow("an origin");
  await expect(relayTo(to, { token: "short" })).rejects.toThrow("at least 8");
  await expect(relayTo(to, { token: "has spaces and, commas" })).rejects.toThrow("a token");
});
