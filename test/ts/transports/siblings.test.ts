import { describe, expect, it } from "vitest";
import { program, RUNTIMES } from "./programs.ts";

const { run } = program("siblings");

const thrice = (seen: unknown): unknown[] => [seen, seen, seen];

describe.each(RUNTIMES)("in $name", (runtime) => {
  it("a server listens on an abstract socket of Linux, whose name has at most 107 bytes", async () => {
    // of Bun's own sockets, one without descriptors takes fewer
    const longest = runtime.name === "bun" ? "EINVAL" : 6;
    const seen = await run(runtime, "abstract");
    expect(seen).toEqual([6, 6, longest, 6, "EINVAL", "EINVAL"]);
  });

  it("a generator is no handler, since its body would never run", async () => {
    expect(await run(runtime, "generators")).toEqual(["EINVAL", "EINVAL"]);
  });

  it("a handler may return any thenable, also one that throws", async () => {
    const errors = ["then throws", "getter throws", "then rejects"];
    expect(await run(runtime, "thenables")).toEqual(thrice({ errors, closed: true }));
  });

  it("a server that closes leaves the socket of a later server at its path", async () => {
    expect(await run(runtime, "replaced")).toEqual([true, 6, false, true, 6, false]);
  });

  it("a server closes whose socket's file is gone", async () => {
    expect(await run(runtime, "vanished")).toEqual(["fulfilled", "fulfilled"]);
  });

  it("listen rejects with the reason of a signal that aborts meanwhile, and leaves no file", async () => {
    expect(await run(runtime, "abortedWhileOpening")).toEqual(thrice(["rejected", false]));
  });

  it("a server closes while 20 clients connect", async () => {
    expect(await run(runtime, "closedWhileAccepting")).toEqual(thrice(true));
  });

  it("a server that is aborted for several reasons at once ends, and none of them is unhandled", async () => {
    expect(await run(runtime, "abortedTwice")).toEqual(thrice([true, []]));
  });

  it("a signal ends a server whatever its reason is", async () => {
    expect(await run(runtime, "oddReasons")).toEqual(thrice(Array<boolean>(5).fill(true)));
  });

  it("channels and servers print where they are and how they are", async () => {
    const printed = (address: string, transport: string) => [
      true,
      `ImsgServer { state: 'listening', address: ${address}, channels: 1 }`,
      `ImsgChannel { transport: '${transport}', state: 'closed', received: 0, unsent: 0 }`,
      `ImsgServer { state: 'closed', address: ${address}, channels: 0 }`,
    ];
    const unix = (transport: string) => printed("{ path: 'WHERE' }", transport);
    expect(await run(runtime, "printed")).toEqual([
      printed("{ host: '127.0.0.1', port: WHERE }", "TCP"),
      unix("Unix socket"),
      unix("Unix socket with descriptors"),
    ]);
  });

  it("a channel over a Unix socket knows the peer's process, user and group, and one over TCP does not", async () => {
    const peers = await run(runtime, "peers");
    // Deno has no number of its own sockets
    const plain = runtime.name === "deno" ? ["none", "none"] : ["same", "same"];
    expect(peers).toEqual([["none", "none"], plain, ["same", "same"]]);
  });

  it("payloads of 0, 1, 15, 16 and the most bytes travel, and one more is ERANGE", async () => {
    expect(await run(runtime, "sizes")).toEqual(thrice([0, 1, 15, 16, 16367, 16368, "ERANGE"]));
  });

  it("time-outs may be short, and must be numbers that a timer takes; an aborted signal counts", async () => {
    expect(await run(runtime, "timeouts")).toEqual(
      thrice([
        ...Array<string>(3).fill("ETIMEDOUT"),
        ...Array<string>(6).fill("EINVAL"),
        ...Array<string>(6).fill("EIO"), // the signal's reason
      ]),
    );
  });

  it("a second reader of any sort is EBUSY, and what has ended may be ended again", async () => {
    const busy = Array<string>(5).fill("EBUSY");
    expect(await run(runtime, "readers")).toEqual(
      thrice([...busy, true, true, 8, null, true, "ERR_IMSG_CLOSED", "fulfilled"]),
    );
  });
});
