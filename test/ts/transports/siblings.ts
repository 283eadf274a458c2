// Unusual lives of servers and channels, in Node, Deno or Bun; prints the outcome as JSON.
import { existsSync, rmSync } from "node:fs";
import process from "node:process";
import { ImsgError } from "../../../ts/module/error.ts";
import {
  ask,
  codeOf,
  each,
  echo,
  main,
  net,
  nextPath,
  open,
  refusal,
  settles,
  sleep,
  tcp,
  unix,
} from "./ways.ts";

const passing = { allowFdPass: true };

const fails = (message: string): never => {
  throw new Error(message);
};
/** An object whose property `then` is as described. */
// biome-ignore lint/suspicious/noThenProperty: the cases are about handlers that return thenables
const thenable = (then: PropertyDescriptor): object => Object.defineProperty({}, "then", then);

await main({
  abstract: async () => {
    const seen: unknown[] = [];
    for (const length of [20, 108, 109]) {
      for (const options of [{}, passing]) {
        const name = `\0imsg-${process.pid}-${options === passing}-`.padEnd(length, "x");
        try {
          const server = await net.listen(unix(name), echo, options);
          const channel = await net.connect(unix(name), options);
          seen.push(await ask(channel));
          await channel.close();
          await server.close();
        } catch (error) {
          seen.push(error instanceof ImsgError ? error.code : String(error));
        }
      }
    }
    return seen;
  },
  generators: async () => {
    const seen: unknown[] = [];
    seen.push(await refusal(net.listen(tcp(0), function* () {} as never)));
    seen.push(await refusal(net.listen(tcp(0), async function* () {} as never)));
    return seen;
  },
  thenables: async () =>
    each(async (way) => {
      const errors: unknown[] = [];
      const results = [
        thenable({ get: () => () => fails("then throws") }),
        thenable({ get: () => fails("getter throws") }),
        thenable({ value: (fulfil: () => void) => fulfil() }),
        thenable({
          value: (_: unknown, reject: (e: unknown) => void) => reject(new Error("then rejects")),
        }),
      ];
      let i = 0;
      const server = await net.listen(way.at, () => results[i++], {
        ...way.options,
        onError: (error) => errors.push((error as Error).message),
      });
      for (const _ of results) {
        // a server that aborts at once may reset the connection while it is opened
        const channel = await open(way, server).catch(() => undefined);
        await channel?.receive().catch(() => {});
        await channel?.close().catch(() => {});
      }
      const closed = await settles(server.close(), 2000);
      return { errors, closed };
    }),
  replaced: async () => {
    const seen: unknown[] = [];
    for (const options of [{}, passing]) {
      const path = nextPath();
      const first = await net.listen(unix(path), echo, options);
      rmSync(path);
      const second = await net.listen(unix(path), echo, options);
      await first.close();
      seen.push(existsSync(path));
      const channel = await net.connect(unix(path), options).catch(codeOf);
      seen.push(typeof channel === "string" ? channel : await ask(channel as never));
      if (typeof channel !== "string")
        await (channel as never as { close(): Promise<void> }).close();
      await second.close();
      seen.push(existsSync(path));
    }
    return seen;
  },
  vanished: async () => {
    const seen: unknown[] = [];
    for (const options of [{}, passing]) {
      const path = nextPath();
      const server = await net.listen(unix(path), echo, options);
      rmSync(path);
      seen.push(await refusal(server.close()));
    }
    return seen;
  },
  abortedWhileOpening: async () =>
    each(async (way) => {
      const controller = new AbortController();
      const reason = new Error("stop");
      const opening = net.listen(way.at, echo, { ...way.options, signal: controller.signal });
      controller.abort(reason);
      const result = await opening.then(
        async (server) => {
          await server.closed;
          return "resolved";
        },
        (error) => (error === reason ? "rejected" : String(error)),
      );
      return [result, way.path !== undefined && existsSync(way.path)];
    }),
  closedWhileAccepting: async () =>
    each(async (way) => {
      const server = await net.listen(way.at, echo, way.options);
      const opening = Array.from({ length: 20 }, () => open(way, server).catch(codeOf));
      const closing = server.close();
      const channels = await Promise.all(opening);
      const ends = channels.map(async (c) => {
        if (typeof c !== "object" || c === null) return;
        const channel = c as import("../../../ts/entry/index.ts").ImsgChannel;
        await channel.receive().catch(() => {});
        await channel.close().catch(() => {});
      });
      const timely = await settles(
        Promise.all(ends).then(() => closing),
        3000,
      );
      return timely;
    }),
  abortedTwice: async () =>
    each(async (way) => {
      const unhandled: string[] = [];
      const note = (error: unknown): void => void unhandled.push(String(error));
      process.on("unhandledRejection", note);
      const controller = new AbortController();
      const options = { ...way.options, signal: controller.signal };
      const server = await net.listen(way.at, echo, options);
      const channel = await open(way, server);
      await ask(channel);
      controller.abort(new Error("the signal"));
      const closings = [true, new Error("first"), new Error("second")].map((abort) =>
        server.close({ abort }),
      );
      const closed = await settles(Promise.all([...closings, server.closed]), 2000);
      channel.abort();
      await sleep(20);
      process.off("unhandledRejection", note);
      return [closed, unhandled];
    }),
  oddReasons: async () =>
    each(async (way) => {
      const seen: unknown[] = [];
      for (const reason of [false, null, 0, "", true]) {
        const controller = new AbortController();
        const options = { ...way.options, signal: controller.signal };
        const at = way.path === undefined ? way.at : unix(nextPath());
        const server = await net.listen(at, echo, options);
        const address = "path" in server.address ? at : tcp(server.port!);
        const channel = await net.connect(address, way.options);
        await ask(channel);
        controller.abort(reason);
        seen.push(await settles(server.closed, 2000));
        channel.abort();
      }
      return seen;
    }),
  printed: async () =>
    each(async (way) => {
      const server = await net.listen(way.at, () => {}, way.options);
      const channel = await open(way, server);
      void channel.send({ type: 1, data: new Uint8Array(100) });
      const { inspect } = await import("node:util");
      for (let i = 0; i < 100 && server.channels.size === 0; i++) await sleep(10);
      const before = [inspect(channel).includes("state: 'open'"), inspect(server)];
      await Promise.all([channel.close(), server.close({ abort: true })]);
      const { path } = way;
      const where = path === undefined ? `${server.port}` : path;
      return [...before, inspect(channel), inspect(server)].map((text) =>
        typeof text === "string" ? text.replace(where, "WHERE").replace(/\s+/g, " ") : text,
      );
    }),
  peers: async () =>
    each(async (way) => {
      const server = await net.listen(way.at, () => {}, way.options);
      const channel = await open(way, server);
      while (server.channels.size === 0) await sleep(5);
      const seen = [channel, ...server.channels].map(({ peerCredentials: peer }) => {
        if (peer === undefined) return "none";
        const own = [process.pid, process.getuid!(), process.getgid!()];
        return [peer.pid, peer.uid, peer.gid].join() === own.join() ? "same" : peer;
      });
      await Promise.all([channel.close(), server.close({ abort: true })]);
      return seen;
    }),
  sizes: async () =>
    each(async (way) => {
      const server = await net.listen(
        way.at,
        async (channel) => {
          for await (const m of channel) await channel.reply(m, { type: m.type, data: m.data });
        },
        way.options,
      );
      const channel = await open(way, server);
      const seen: unknown[] = [];
      for (const size of [0, 1, 15, 16, 16367, 16368, 16369]) {
        const reply = await channel
          .request({ type: 1, data: new Uint8Array(size) }, { timeout: 3000 })
          .catch(codeOf);
        seen.push(typeof reply === "string" ? reply : (reply as { data: Uint8Array }).data.length);
      }
      await channel.close();
      await server.close();
      return seen;
    }),
  timeouts: async () =>
    each(async (way) => {
      const server = await net.listen(way.at, () => {}, way.options);
      const channel = await open(way, server);
      const seen: unknown[] = [];
      for (const timeout of [0, 1, 0.5, Number.NaN, -1, Infinity, 2 ** 31, "5", null]) {
        seen.push(await refusal(channel.request({ type: 1 }, { timeout: timeout as number })));
      }
      const aborted = AbortSignal.abort(new ImsgError("EIO"));
      seen.push(await refusal(channel.request({ type: 1 }, { signal: aborted })));
      seen.push(await refusal(channel.send({ type: 1 }, { signal: aborted })));
      seen.push(await refusal(channel.sendMany([{ type: 1 }], { signal: aborted })));
      seen.push(await refusal(channel.receive({ signal: aborted })));
      seen.push(await refusal(channel.receiveMany({ signal: aborted })));
      seen.push(await refusal(open(way, server, { signal: aborted })));
      await Promise.all([channel.close(), server.close({ abort: true })]);
      return seen;
    }),
  readers: async () =>
    each(async (way) => {
      const server = await net.listen(way.at, echo, way.options);
      const channel = await open(way, server);
      const seen: unknown[] = [];
      const loop = channel[Symbol.asyncIterator]();
      const pending = loop.next();
      for (const second of [
        () => channel.receive(),
        () => channel.receiveMany(),
        () => channel[Symbol.asyncIterator]().next(),
        () => channel.batches().next(),
        () => channel.readable.getReader().read(),
      ]) {
        seen.push(await refusal(second()));
      }
      await loop.return!();
      seen.push((await pending).done, (await loop.next()).done);
      await channel.send({ type: 7 });
      seen.push((await channel.receive())?.type);
      await channel.close();
      seen.push(await channel.receive(), (await channel[Symbol.asyncIterator]().next()).done);
      await channel.close();
      channel[Symbol.dispose]();
      await channel[Symbol.asyncDispose]();
      channel.abort();
      seen.push(await refusal(channel.send({ type: 1 })), await refusal(channel.end()));
      await server.close();
      await server[Symbol.asyncDispose]();
      return seen;
    }),
});
