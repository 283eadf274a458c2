// The life of connections between a server of channels and a peer that is no library, in
// Node, Deno or Bun. Each case prints what it saw as JSON.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { ImsgServer, ServerOptions } from "../../../ts/transports/server.ts";
import {
  codeOf,
  each,
  main,
  more,
  net,
  open,
  refusal,
  settles,
  sleep,
  together,
  type Way,
} from "./ways.ts";

const [node, peer] = more as [string, string];

/** Keeps the event loop of this program from running, for a time in ms. */
function standStill(ms: number): void {
  const until = Date.now() + ms;
  while (Date.now() < until);
}

interface Peer {
  readonly child: ChildProcess;
  /** The program's output. */
  readonly seen: Promise<{ bytes: number; ended: boolean; error: string | null } | null>;
}

/** Starts the peer, which connects to a server. */
function startPeer(way: Way, server: ImsgServer, thing: string, count = 0): Peer {
  const where = way.path ?? String(server.port);
  const child = spawn(node, [peer, where, thing, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout!.on("data", (text) => {
    output += text;
  });
  const seen = once(child, "close").then(() => (output === "" ? null : JSON.parse(output)));
  return { child, seen };
}

/** Listens, starts a peer, and runs a handler with its channel; the value is the handler's. */
async function serve<T>(
  way: Way,
  thing: string,
  handler: (channel: ImsgChannel, peer: Peer) => Promise<T>,
  options: ServerOptions & { count?: number } = {},
): Promise<[T, Awaited<Peer["seen"]>]> {
  const { count, ...rest } = options;
  let accepted!: (channel: ImsgChannel) => void;
  const channel = new Promise<ImsgChannel>((resolve) => {
    accepted = resolve;
  });
  const server = await net.listen(way.at, accepted, { ...way.options, ...rest });
  const started = startPeer(way, server, thing, count);
  const value = await handler(await channel, started);
  if (!(await settles(started.seen, 5000))) started.child.kill("SIGKILL");
  const seen = await started.seen;
  await server.close({ abort: true });
  return [value, seen];
}

/** How a loop over everything that a channel receives ends. */
async function count(
  channel: ImsgChannel,
  each: (type: number) => void = () => {},
): Promise<[number, unknown]> {
  let messages = 0;
  try {
    for await (const { type } of channel) {
      messages++;
      each(type);
    }
  } catch (error) {
    return [messages, codeOf(error)];
  }
  return [messages, "ended"];
}

const data = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length);

await main({
  /** L1: messages that are sent after the peer's half-close. */
  halfClosed: () =>
    together(async (way) => {
      const seen: unknown[] = [];
      for (const messages of [3, 2000]) {
        const [, told] = await serve(way, "halfCloses", async (channel) => {
          const first = await channel.receive();
          await channel.peerEnded;
          await sleep(50);
          for (let i = 0; i < messages; i++) await channel.send({ type: i, data: data(84) });
          await channel.end();
          await channel.closed;
          return first;
        });
        seen.push([told!.bytes / 100, told!.ended, told!.error]);
      }
      return seen;
    }),
  /** L2: a client that closes at once, while the server answers each of its messages. */
  closes: () =>
    together(async (way) => {
      const seen: unknown[] = [];
      for (const messages of [200, 2000]) {
        let counted!: (value: unknown) => void;
        const ended = new Promise((resolve) => {
          counted = resolve;
        });
        const server = await net.listen(
          way.at,
          async (channel) => {
            const answer = (type: number): void => void channel.send({ type, data: data(1000) });
            counted(await count(channel, answer));
          },
          way.options,
        );
        const client = await open(way, server);
        for (let i = 0; i < messages; i++) void client.send({ type: 1, data: data(1000) });
        await client.close();
        seen.push(await ended);
        await server.close();
      }
      return seen;
    }),
  /** L5: what has arrived, although answers fail since the peer has gone. */
  arrived: () =>
    together(async (way) => {
      const [[messages]] = await serve(
        way,
        "sendsAndCloses",
        async (channel) => {
          await sleep(150);
          return count(channel, (type) => void channel.send({ type, data: data(1000) }));
        },
        { count: 130 },
      );
      return messages;
    }),
  /** The time that close() takes with a slow peer has no limit as long as bytes leave. */
  slowly: () =>
    together(async (way) => {
      const total = way.path === undefined ? 200_000 : 4_000_000;
      const [result, told] = await serve(
        way,
        "readsSlowly",
        async (channel) => {
          await channel.receive();
          void channel.send({ type: 1, data: data(total) });
          return refusal(channel.close());
        },
        { maxSize: 1e7, lingerTimeout: 300 },
      );
      return [result, told!.bytes - 16 - total];
    }),
  /**
   * L20: a peer that breaks off behind its last bytes, and a program that is late to read them. One way after
   * the other: Deno drops a connection that was reset before it accepts it.
   */
  resetBehind: () =>
    each(async (way) => {
      const [result] = await serve(
        way,
        "sendsAndResets",
        async (channel) => {
          standStill(200);
          let received = 0;
          try {
            for await (const _ of channel) received++;
            return [received, "end"];
          } catch (error) {
            return [received, codeOf(error)];
          }
        },
        { count: 20 },
      );
      return result;
    }),
  /** A program that stands still for longer than lingerTimeout, while its peer reads. */
  standsStill: () =>
    together(async (way) => {
      const [result, told] = await serve(
        way,
        "reads",
        async (channel) => {
          await channel.receive();
          void channel.send({ type: 1, data: data(4_000_000) });
          const closed = refusal(channel.close());
          standStill(900);
          return closed;
        },
        { maxSize: 1e7, lingerTimeout: 300 },
      );
      return [result, told!.bytes - 4_000_016];
    }),
  /** L17, L9: requests to a peer that never reads. */
  stalled: () =>
    together(async (way) => {
      const [seen] = await serve(way, "stalls", async (channel, { child }) => {
        await channel.receive();
        const big = { type: 1, data: data(16_000) };
        let waits = false;
        for (let i = 0; i < 2000 && !waits; i++) waits = !(await settles(channel.send(big), 200));
        const controller = new AbortController();
        setTimeout(() => controller.abort(new Error("given up")), 50);
        const results = await Promise.all([
          refusal(channel.request(big, { timeout: 50 })),
          refusal(
            channel
              .request(big, { signal: controller.signal })
              .catch((e) => Promise.reject(e.message)),
          ),
          refusal(
            channel
              .send(big, { signal: controller.signal })
              .catch((e) => Promise.reject(e.message)),
          ),
          refusal(channel.request(big, { timeout: 2 ** 31 })),
        ]);
        const rejected = settles(channel.send(big), 5000);
        child.kill("SIGKILL");
        return [waits, ...results, await rejected, await settles(channel.closed, 5000)];
      });
      return seen;
    }),
  /** L20: what the peer sees of an abort, of a signal, of a handler that fails. */
  aborted: () =>
    together(async (way) => {
      const seen: unknown[] = [];
      const controller = new AbortController();
      const ends: [(channel: ImsgChannel) => void, object][] = [
        [(channel) => channel.abort(new Error("enough")), {}],
        [() => controller.abort(new Error("enough")), { signal: controller.signal }],
        [(channel) => void channel.close(), {}],
      ];
      for (const [end, options] of ends) {
        const [, told] = await serve(
          way,
          "reads",
          async (channel) => {
            await channel.receive();
            end(channel);
            return settles(channel.closed, 2000);
          },
          options,
        );
        seen.push(told!.error ?? (told!.ended ? "end" : "nothing"));
      }
      return seen;
    }),
  /** L30: a peer that dies: whether the channel ends by itself. */
  dies: () =>
    together(async (way) => {
      const [seen] = await serve(way, "stalls", async (channel, { child }) => {
        const first = await channel.receive();
        await sleep(50);
        child.kill("SIGKILL");
        const peerEnded = await settles(channel.peerEnded, 3000);
        return [first?.type, peerEnded, await settles(channel.closed, 2000)];
      });
      return seen;
    }),
  /** L35: sends that are not awaited, in a handler that is no async function. */
  unawaited: async () => {
    const unhandled: unknown[] = [];
    process.on("unhandledRejection", (error) => unhandled.push(codeOf(error)));
    process.on("uncaughtException", (error) => unhandled.push(codeOf(error)));
    const seen = await together(async (way) => {
      const [ended] = await serve(way, "resets", async (channel) => {
        channel.closed.catch(() => {});
        for (let i = 0; i < 100; i++) {
          void channel.send({ type: 1, data: data(10_000) });
          void channel.request({ type: 2 });
          await sleep(5);
        }
        void channel.end();
        void channel.close();
        return settles(channel.closed, 5000);
      });
      return ended;
    });
    await sleep(50);
    return { seen, unhandled };
  },
});
