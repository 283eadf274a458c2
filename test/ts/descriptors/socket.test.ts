import { readFileSync } from "node:fs";
import { createServer, connect as netConnect, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromSocket } from "../../../ts/entry/node.ts";
import { rawPipe, rawSockets } from "./made.ts";
import { close, isOpen, openCount, openNull, settledCount, unlinkedFile, what } from "./open.ts";

const OPTIONS = { allowFdPass: true };

const pair = async () => {
  const [a, b] = rawSockets();
  return [await fromSocket(a, OPTIONS), await fromSocket(b, OPTIONS)] as const;
};

/** Whether a descriptor is closed on exec: bit 02000000 of its flags. */
const closedOnExec = (fd: number): boolean => {
  const [, flags] = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))!;
  return (Number.parseInt(flags!, 8) & 0o2000000) !== 0;
};

beforeAll(async () => {
  await Promise.all((await pair()).map((channel) => channel.close())); // loads koffi
});

describe("a channel on the number of a socket", () => {
  it("passes descriptors both ways, and closes the socket at its end", async () => {
    const before = openCount();
    const [a, b] = await pair();
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const fd = unlinkedFile("by number");
      const file = what(fd);
      await from.send({ type: 1, fd });
      expect(isOpen(fd)).toBe(false);
      const got = (await to.receive())!.takeFd() as number;
      expect([what(got), readFileSync(got, "utf8")]).toEqual([file, "by number"]);
      close(got);
    }
    await Promise.all([a.close(), b.close()]);
    expect(await settledCount(before)).toBe(before);
  });

  it("is made of a socket that came by message, and another one of what comes on that", async () => {
    const before = openCount();
    let [a, b] = await pair();
    for (let depth = 0; depth < 5; depth++) {
      const [theirs, ours] = rawSockets();
      await a.send({ type: depth, fd: theirs });
      const came = (await b.receive())!.takeFd() as number;
      const inner = [await fromSocket(ours, OPTIONS), await fromSocket(came, OPTIONS)] as const;
      expect(closedOnExec(came)).toBe(true);
      await Promise.all([a.close(), b.close()]);
      [a, b] = inner;
    }
    await a.send({ type: 9, fd: openNull() });
    const message = (await b.receive())!;
    expect([message.type, message.hasFd]).toEqual([9, true]);
    await Promise.all([a.close(), b.close()]);
    expect(await settledCount(before)).toBe(before);
  });

  it("passes none without allowFdPass", async () => {
    const before = openCount();
    const [one, two] = rawSockets();
    const [a, b] = [await fromSocket(one, OPTIONS), await fromSocket(two)];
    await a.send({ type: 1, fd: openNull() });
    expect((await b.receive())!.hasFd).toBe(false);
    const fd = openNull();
    await expect(b.send({ type: 2, fd })).rejects.toMatchObject({ code: "EINVAL" });
    close(fd);
    await Promise.all([a.close(), b.close()]);
    expect(await settledCount(before)).toBe(before);
  });

  it("leaves no descriptor behind, 1,000 times broken off in the middle", async () => {
    const before = openCount();
    for (let i = 0; i < 1000; i++) {
      const [a, b] = await pair();
      for (let n = 0; n < 5; n++) a.send({ type: n, fd: openNull() }).catch(() => {});
      if (i % 2 === 0) expect((await b.receive())!.hasFd).toBe(true);
      await (i % 4 < 2 ? a : b).abort(new Error("enough"));
      await Promise.all([a.close(), b.close()]);
    }
    expect(await settledCount(before)).toBe(before);
  });
});

describe("what is no connected Unix socket is refused, and stays as it was:", () => {
  const server = createServer();
  let tcp: Socket;
  const number = (of: unknown): number => (of as { _handle: { fd: number } })._handle.fd;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    tcp = netConnect(port, "127.0.0.1");
    await new Promise((resolve) => tcp.once("connect", resolve));
  });
  afterAll(() => {
    tcp.destroy();
    server.close();
  });

  it.each<[what: string, fd: () => number, code: string]>([
    ["no number of a descriptor", () => -1, "EINVAL"],
    ["no whole number", () => 1.5, "EINVAL"],
    ["the number of nothing", () => 1_000_000, "EBADF"],
    ["a file", openNull, "ENOTSOCK"],
    ["a pipe", () => rawPipe()[0], "ENOTSOCK"],
    ["a TCP connection", () => number(tcp), "EINVAL"],
    ["a listener", () => number(server), "ENOTCONN"],
  ])("%s", async (_, make, code) => {
    const fd = make();
    const open = isOpen(fd);
    await expect(fromSocket(fd, OPTIONS)).rejects.toMatchObject({ code });
    expect(isOpen(fd)).toBe(open);
  });

  it("bad options leave a socket open", async () => {
    const [a, b] = rawSockets();
    const bad = { ...OPTIONS, highWaterMark: -1 };
    await expect(fromSocket(a, bad)).rejects.toMatchObject({ code: "EINVAL" });
    const gone = AbortSignal.abort(new Error("gone"));
    await expect(fromSocket(a, { ...OPTIONS, signal: gone })).rejects.toThrow("gone");
    const [one, two] = [await fromSocket(a, OPTIONS), await fromSocket(b, OPTIONS)];
    await Promise.all([one.close(), two.close()]);
  });

  it("Node's own sockets cannot pass descriptors, and the error names what can", async () => {
    const [theirs, ours] = rawSockets();
    const socket = new Socket({ fd: ours });
    expect(() => fromSocket(socket, OPTIONS)).toThrow(
      expect.objectContaining({
        code: "EINVAL",
        syscall: "imsgbuf_allow_fdpass",
        message: expect.stringContaining("number"),
      }),
    );
    socket.destroy();
    close(theirs);
  });
});
