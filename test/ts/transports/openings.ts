// Opens what cannot be opened, in Node, Deno or Bun, and prints the errors as JSON.
import { existsSync, openSync, writeFileSync } from "node:fs";
import { ImsgError } from "../../../ts/module/error.ts";
import { codeOf, echo, folder, main, net, nextPath, runtime, tcp, unix } from "./ways.ts";

/** The fields of an error, and whether its message has the address and its cause is the runtime's. */
async function told(attempt: () => Promise<unknown>, address = ""): Promise<unknown> {
  const error = await attempt().then(
    () => new Error("it was opened"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ImsgError)) return `no ImsgError: ${String(error)}`;
  const { code, errno, syscall, fromPeer, message, cause } = error;
  return {
    ...{ code, errno, syscall, fromPeer },
    named: message.startsWith(`${code}: `) && message.includes(address),
    caused: cause instanceof Error && !(cause instanceof ImsgError),
  };
}

/** A TCP port that nothing listens on. */
async function closedPort(): Promise<number> {
  const server = await net.listen(tcp(0), echo);
  const { port } = server;
  await server.close();
  return port!;
}

const plain = {};
const passing = { allowFdPass: true };

/** Connects to, or listens on, a path, without and with descriptors. */
const both = async (call: "connect" | "listen", path: string): Promise<unknown[]> => {
  const at = unix(path);
  const open = (options: object) => () =>
    call === "connect" ? net.connect(at, options) : net.listen(at, echo, options);
  return [await told(open(plain), path), await told(open(passing), path)];
};

const file = (): string => {
  const path = nextPath();
  writeFileSync(path, "a file");
  return path;
};

await main({
  connect: async () => {
    const port = await closedPort();
    return {
      refused: await told(() => net.connect(tcp(port)), `:${port}`),
      unknown: await told(() => net.connect(tcp(port, "no.such.invalid")), "no.such.invalid"),
      missing: await both("connect", nextPath()),
      file: await both("connect", file()),
      folder: await both("connect", `${file()}/socket`),
    };
  },
  listen: async () => {
    const server = await net.listen(tcp(0), echo);
    const inUse = await told(() => net.listen(tcp(server.port!), echo), String(server.port));
    await server.close();
    const path = nextPath();
    const other = await net.listen(unix(path), echo);
    const unixInUse = await both("listen", path);
    await other.close();
    const missing = `${folder}/missing/socket`;
    return {
      inUse: [inUse, ...unixInUse],
      elsewhere: await told(() => net.listen(tcp(0, "203.0.113.1"), echo), "203.0.113.1"),
      missing: await both("listen", missing),
      folder: await both("listen", `${file()}/socket`),
      made: existsSync(missing),
    };
  },
  /** The first calls of the process, whose signal aborts while the entry loads the code for them. */
  loading: async () => {
    const [here, there] = [nextPath(), nextPath()];
    const controller = new AbortController();
    const reason = new Error("enough");
    const options = { signal: controller.signal };
    const calls = [
      net.connect(unix(here), options),
      net.connect(tcp(1), { ...options, ...plain }),
      net.connect(unix(here), { ...options, ...passing }),
      net.listen(unix(there), echo, options),
      net.listen(unix(there), echo, { ...options, ...passing }),
    ];
    const refused = [
      net.connect(unix(here), { maxSize: 5 }),
      net.listen(unix(there), echo, { maxSize: 5 }),
      net.fromSocket(999_999, { maxSize: 5 }),
    ];
    controller.abort(reason);
    const reasons = await Promise.allSettled(calls);
    return {
      aborted: reasons.map((one) => one.status === "rejected" && one.reason === reason),
      refused: await Promise.all(refused.map(async (call) => codeOf(await call.catch((e) => e)))),
      left: existsSync(there),
    };
  },
  numbers: async () => {
    const fd = openSync(file(), "r");
    return {
      closed: [
        await told(() => net.fromSocket(999_999), runtime === "node" ? "999999" : ""),
        await told(() => net.fromSocket(999_999, passing)),
        await told(() => net.dup(999_999)),
      ],
      file: [
        await told(() => net.fromSocket(fd), runtime === "node" ? String(fd) : ""),
        await told(() => net.fromSocket(fd, passing)),
      ],
      // one number for all: whether Deno and Bun have these functions differs
      own: [
        net.closeFd && (await told(() => net.closeFd!(999_999))),
        net.readFd && (await told(() => net.readFd!(999_999, new Uint8Array(1)))),
      ].filter((one) => one !== undefined),
    };
  },
  /** Addresses of types that a runtime would refuse, or guess about. */
  types: async () => {
    const wrong: object[] = [
      { port: 1, host: 5, hostname: 5 },
      { port: 1, host: null, hostname: null },
      { port: "x", host: "127.0.0.1", hostname: "127.0.0.1" },
      unix(5 as never),
    ];
    return Promise.all(
      wrong.map(async (at) => [
        await told(() => net.connect(at)),
        await told(() => net.connect(at, passing)),
        await told(() => net.listen(at, echo)),
      ]),
    );
  },
  spawn: async () => {
    const { spawn } = await import("../../../ts/entry/node.ts");
    const script = file();
    return {
      missing: await told(() => spawn("/no/such/program"), "/no/such/program"),
      file: await told(() => spawn(script), script),
      folder: await told(() => spawn("true", [], { spawn: { cwd: "/no/such/folder" } }), "true"),
      types: await Promise.all(
        [
          () => spawn(undefined as never),
          () => spawn("true", "x" as never),
          () => spawn("true", [], null as never),
          () => spawn("true", [], { spawn: null as never }),
          () => spawn("true", [], { spawn: { cwd: 5 as never } }),
          () => spawn("true", [], { lingerTimeout: -1 }),
        ].map(async (call) => codeOf(await call().catch((error) => error))),
      ),
    };
  },
  /** Without Deno's permissions. */
  permissions: async () => ({
    connect: await told(() => net.connect(tcp(1)), ":1"),
    listen: await told(() => net.listen(tcp(0), echo), ":0"),
    passing: await told(() => net.connect(unix("/tmp/x"), passing)),
    dup: await told(() => net.dup(0)),
  }),
});
