import { describe, expect, it } from "vitest";
import { program, RUNTIMES } from "./programs.ts";

const { run } = program("openings");

/** The fields of an ImsgError that openings.ts prints. */
const error = (code: string, errno: number | undefined, syscall: string, fromPeer = false) => ({
  ...{ code, syscall, fromPeer, named: true, caused: true },
  ...(errno === undefined ? {} : { errno }),
});
const refused = error("ECONNREFUSED", 111, "connect", true);
const missing = error("ENOENT", 2, "connect");
const badFile = (syscall: string) => error("EBADF", 9, syscall);

describe.each(RUNTIMES)(
  "an ImsgError in $name has the code, the errno, the call, the address and the cause",
  (runtime) => {
    const isNode = runtime.name === "node";

    it("of a connection that is refused, a host that is unknown, a path that leads nowhere", async () => {
      const noFolder = error("ENOTDIR", 20, "connect");
      expect(await run(runtime, "connect")).toEqual({
        refused,
        unknown: error("ENOTFOUND", undefined, runtime.name === "deno" ? "connect" : "getaddrinfo"),
        missing: [missing, missing],
        file: [refused, refused],
        folder: [noFolder, noFolder],
      });
    });

    it("of an address in use or of another machine, and of a folder that is none", async () => {
      const last = isNode ? "listen" : "bind"; // the call in descriptor mode
      const of = (code: string, errno: number) => [
        error(code, errno, "listen"),
        error(code, errno, last),
      ];
      const inUse = of("EADDRINUSE", 98);
      expect(await run(runtime, "listen")).toEqual({
        inUse: [inUse[0], ...inUse],
        elsewhere: error("EADDRNOTAVAIL", 99, "listen"),
        missing: of("ENOENT", 2),
        folder: of("ENOTDIR", 20),
        made: false,
      });
    });

    it("of a number that is no open descriptor, or no socket", async () => {
      const notSocket = error("ENOTSOCK", 88, "getpeername");
      expect(await run(runtime, "numbers")).toEqual({
        closed: [badFile(isNode ? "fstat" : "getpeername"), badFile("getpeername"), badFile("dup")],
        file: [
          isNode ? { ...notSocket, syscall: "fromSocket", caused: false } : notSocket,
          notSocket,
        ],
        own: runtime.name === "deno" ? [badFile("close"), badFile("read")] : [],
      });
    });

    it("of an address that has a value of another type", async () => {
      const refusals = ["connect", "connect", "listen"].map((syscall) => ({
        ...error("EINVAL", 22, syscall),
        caused: false,
      }));
      expect(await run(runtime, "types")).toEqual(new Array(4).fill(refusals));
    });
  },
);

it.each(RUNTIMES)(
  "a signal that aborts, and a bad option, reject the first calls in $name, which load their code",
  async (runtime) => {
    expect(await run(runtime, "loading")).toEqual({
      aborted: new Array(5).fill(true),
      // Deno and Bun look at the number first
      refused: ["EINVAL", "EINVAL", runtime.name === "node" ? "EINVAL" : "EBADF"],
      left: false,
    });
  },
);

it("an ImsgError of spawn names the command, and bad arguments are EINVAL", async () => {
  expect(await run(RUNTIMES[0]!, "spawn")).toEqual({
    missing: error("ENOENT", 2, "spawn"),
    file: error("EACCES", 13, "spawn"),
    folder: error("ENOENT", 2, "spawn"),
    types: new Array(6).fill("EINVAL"),
  });
});

const deno = RUNTIMES.find(({ name }) => name === "deno");
it.runIf(deno !== undefined)(
  "what Deno does not permit is EACCES, with Deno's words as the cause",
  async () => {
    const denied = error("EACCES", 13, "connect");
    const limited = { ...deno!, args: ["run", "--allow-read", "--allow-env", "--allow-sys"] };
    expect(await run(limited, "permissions")).toEqual({
      connect: denied,
      listen: { ...denied, syscall: "listen" },
      passing: { ...denied, syscall: "dlopen" },
      dup: { ...denied, syscall: "dlopen" },
    });
  },
);
