// Runs one case of a server of channels in Node, Deno or Bun, and prints what it
// saw as JSON. The arguments are the name of the case and a folder.

import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { ImsgServer, ServerOptions } from "../../../ts/transports/server.ts";
import {
  ask,
  codeOf,
  each,
  echo,
  folder,
  host,
  main,
  net,
  nextPath,
  open,
  refusal,
  settles,
  sleep,
  tcp,
  unix,
  ways,
} from "./ways.ts";

const cases: Record<string, () => Promise<unknown>> = {
  serves: () =>
    each(async (way) => {
      const server = await net.listen(way.at, echo, way.options);
      const { address, port } = server;
      const channel = await open(way, server);
      const answer = await ask(channel);
      const live = server.channels.size;
      const closed = server.close();
      const waits = !(await settles(closed)); // for the channel
      const refused = await refusal(open(way, server));
      const goesOn = await ask(channel);
      await channel.close();
      await Promise.all([closed, server.closed, server.close()]);
      return {
        address: "path" in address ? address.path === way.path : [address.host, address.port > 0],
        port: typeof port,
        seen: [answer, live, waits, refused !== "fulfilled", goesOn, server.channels.size],
        file: way.path !== undefined && existsSync(way.path),
      };
    }),
  survives: () =>
    each(async (way) => {
      const errors: unknown[] = [];
      let connections = 0;
      const handler = (channel: ImsgChannel): unknown => {
        connections++;
        if (connections === 1) throw new RangeError("thrown");
        if (connections === 2) return Promise.reject(new RangeError("rejected"));
        return echo(channel);
      };
      const onError = (error: unknown, channel: unknown): void => {
        errors.push([(error as Error).message, typeof channel]);
      };
      const server = await net.listen(way.at, handler, { ...way.options, onError });
      for (let i = 0; i < 2; i++) {
        // the reset of an aborted channel may overtake what connect sees
        const bad = await open(way, server).catch(() => undefined);
        await bad?.receive().catch(() => {});
        bad?.abort();
      }
      const channel = await open(way, server);
      const answer = await ask(channel);
      await channel.close();
      await server.close();
      return { errors, answer };
    }),
  garbage: async () => {
    const unhandled: unknown[] = [];
    process.on("unhandledRejection", (error) => unhandled.push(codeOf(error)));
    const { connect } = await import("node:net");
    const seen = await each(async (way) => {
      const server = await net.listen(way.at, echo, way.options);
      for (const bytes of [[1, 2, 3], new Array(16).fill(255), []]) {
        const to = way.path === undefined ? { port: server.port!, host } : { path: way.path };
        const socket = connect(to);
        socket.on("error", () => {});
        await new Promise((resolve) => socket.end(new Uint8Array(bytes), () => resolve(0)));
        await sleep(20);
        socket.destroy();
      }
      const channel = await open(way, server);
      const answer = await ask(channel);
      await channel.close();
      await server.close();
      return answer;
    });
    await sleep(50);
    return { seen, unhandled };
  },
  mistakes: async () => {
    const unhandled: string[] = [];
    process.on("unhandledRejection", (error) => unhandled.push((error as Error).message));
    const seen = await each(async (way) => {
      let fails = true;
      const handler = (channel: ImsgChannel): unknown => {
        if (!fails) return echo(channel);
        throw new RangeError("thrown by the handler");
      };
      const onError = (): never => {
        throw new RangeError("thrown by onError");
      };
      for (const options of [way.options, { ...way.options, onError }]) {
        fails = true;
        const server = await net.listen(way.at, handler, options);
        const bad = await open(way, server).catch(() => undefined);
        await bad?.receive().catch(() => {});
        bad?.abort();
        fails = false;
        const channel = await open(way, server);
        if ((await ask(channel)) !== 6) return false;
        await channel.close();
        await server.close();
      }
      return true;
    });
    await sleep(50);
    return { seen, unhandled };
  },
  refuses: async () => {
    const path = nextPath();
    const at = unix(path);
    const aborted = AbortSignal.abort(new Error("aborted before"));
    const bad = (value: object): Promise<unknown> =>
      refusal(net.listen(at, echo, value as ServerOptions));
    const listens = [
      await refusal(net.listen(at)),
      await refusal(net.listen(undefined as unknown as object, echo)),
      await refusal(net.listen({}, echo)),
      await refusal(net.listen(tcp(65536), echo)),
      await refusal(net.listen(unix(""), echo)),
      await refusal(net.listen(unix("x".repeat(108)), echo)),
      await refusal(net.listen(at, echo, null)),
      await bad({ signal: 5 }),
      await bad({ maxSize: -1 }),
      await bad({ mode: 0o10000 }),
      await bad({ onError: 1 }),
      await bad({ allowFdPass: true, maxSize: -1 }),
      await refusal(net.listen(tcp(0), echo, { allowFdPass: true })),
    ];
    const connects = [
      await refusal(net.connect(undefined as unknown as object)),
      await refusal(net.connect({})),
      await refusal(net.connect(unix("x".repeat(108)))),
      await refusal(net.connect(at, null)),
      await refusal(net.connect(at, { signal: 5 })),
      await refusal(net.connect(tcp(1), { allowFdPass: true })),
    ];
    const reasons = [
      net.listen(at, echo, { signal: aborted }),
      net.connect(at, { signal: aborted }),
    ];
    const messages = await Promise.all(
      reasons.map((r) => r.catch((error: Error) => error.message)),
    );
    return { listens, connects, messages, file: existsSync(path) };
  },
  /** The folder holds "stale", the file of a socket whose server has been killed. */
  files: async () => {
    const seen: unknown[] = [];
    for (const options of [{}, { allowFdPass: true }]) {
      const path = `${folder}/stale${options.allowFdPass ? "-fd" : ""}`;
      const server = await net.listen(unix(path), echo, { ...options, mode: 0o600 });
      const channel = await net.connect(unix(path), options);
      const answer = await ask(channel);
      const mode = (lstatSync(path).mode & 0o777).toString(8);
      const second = await refusal(net.listen(unix(path), echo, options));
      const still = await ask(channel);
      await channel.close();
      await server.close();
      const gone = !existsSync(path);
      writeFileSync(path, "another file");
      const other = await refusal(net.listen(unix(path), echo, options));
      seen.push({ answer, mode, second, still, gone, other, text: readFileSync(path, "utf8") });
    }
    return seen;
  },
  /** Paths that are as long as one may be, and longer, in bytes of UTF-8. */
  paths: async () => {
    const room = 107 - folder.length - 1;
    const seen: unknown[] = [];
    for (const options of [{}, { allowFdPass: true }]) {
      for (const name of ["x".repeat(room), "é".repeat(room >> 1)]) {
        const at = unix(`${folder}/${name}`);
        const server = await net.listen(at, echo, options);
        const channel = await net.connect(at, options);
        seen.push(await ask(channel), existsSync(`${folder}/${name}`));
        await channel.close();
        await server.close();
      }
      for (const name of ["x".repeat(room + 1), "é".repeat((room >> 1) + 1), "a\0b"]) {
        const at = unix(`${folder}/${name}`);
        seen.push(await refusal(net.connect(at, options)));
        seen.push(await refusal(net.listen(at, echo, options)));
      }
    }
    return { seen, files: readdirSync(folder) };
  },
  /** `listen` never touches a file unless it is a socket that no process listens on. */
  others: async () => {
    const seen: unknown[] = [];
    const names = ["folder", "link", "fifo", "file", "datagram", "bound", "full"];
    const paths = names.map((one) => `${folder}/${one}`);
    const inodes = (): unknown[] => paths.map((path) => lstatSync(path).ino);
    const before = inodes();
    for (const options of [{}, { allowFdPass: true }]) {
      for (const path of paths) seen.push(await refusal(net.listen(unix(path), echo, options)));
    }
    const connecting = (path: string): Promise<unknown[]> =>
      Promise.all(
        [{}, { allowFdPass: true }].map((options) =>
          refusal(net.connect(unix(path), options).then((channel) => channel.abort())),
        ),
      );
    const full = await connecting(`${folder}/full`);
    const busy = await connecting(`${folder}/busy`);
    return { seen, same: JSON.stringify(inodes()) === JSON.stringify(before), full, busy };
  },
  aborts: () =>
    each(async (way) => {
      const seen: unknown[] = [];
      const controller = new AbortController();
      const later = new AbortController();
      const ends: [ServerOptions, (server: ImsgServer) => Promise<void>][] = [
        [{}, (server) => server.close({ abort: true })],
        [
          { signal: controller.signal },
          (server) => {
            controller.abort(new Error("no more"));
            return server.closed;
          },
        ],
        [
          {},
          (server) => {
            const closed = server.close({ signal: later.signal });
            later.abort(new Error("too late"));
            return closed;
          },
        ],
      ];
      for (const [options, end] of ends) {
        const server = await net.listen(way.at, echo, { ...way.options, ...options });
        const channel = await open(way, server);
        await ask(channel);
        await end(server);
        seen.push([server.channels.size, (await refusal(open(way, server))) !== "fulfilled"]);
        channel.abort();
      }
      return seen;
    }),
  leaves: async () => {
    for (const way of ways()) (await net.listen(way.at, echo, way.options)).unref();
    return "left";
  },
  stays: async () => {
    for (const way of ways()) {
      const server = await net.listen(way.at, echo, way.options);
      server.unref().ref();
      await using _ = server; // ends by itself
    }
    const [way] = ways();
    await net.listen(way!.at, echo);
    return "stays";
  },
  /** The timers of a connection in /proc/net/tcp: 2 is that of keep-alive. */
  probes: async () => {
    const seen: unknown[] = [];
    for (const options of [{}, { keepAlive: false }]) {
      const server = await net.listen(tcp(0), echo, options);
      const channel = await net.connect(tcp(server.port!));
      await ask(channel);
      await sleep(500); // until no acknowledgement is due
      const port = server.port!.toString(16).toUpperCase().padStart(4, "0");
      const rows = readFileSync("/proc/net/tcp", "utf8")
        .split("\n")
        .map((row) => row.trim().split(/\s+/));
      const timer = (column: number): string | undefined =>
        rows.find((row) => row[3] === "01" && row[column]?.endsWith(`:${port}`))?.[5]?.slice(0, 2);
      seen.push({ server: timer(1), client: timer(2) });
      await channel.close();
      await server.close();
    }
    return seen;
  },
  numbers: async () => {
    const fd = await net.dup(0); // the standard input is /dev/null
    const link = readlinkSync(`/proc/self/fd/${fd}`);
    const { closeSync, readSync } = await import("node:fs");
    const close = net.closeFd ?? (async (number: number) => closeSync(number));
    const read = net.readFd ?? (async (number: number, to: Uint8Array) => readSync(number, to));
    const length = await read(fd, new Uint8Array(8));
    await close(fd);
    const bad = [close(fd), read(fd, new Uint8Array(8)), net.dup(fd), net.dup("3" as never)];
    return { link, length, errors: await Promise.all(bad.map(refusal)) };
  },
};

await main(cases);
