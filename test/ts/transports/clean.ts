// Makes channels over every transport that Node, Deno or Bun has, ends them in every way,
// and prints the leftovers as JSON.
import { readdirSync } from "node:fs";
import process from "node:process";
import type { ChannelOptions, ImsgChannel } from "../../../ts/channel/channel.ts";
import { fromMessagePort, fromStreams, fromWebSocket } from "../../../ts/entry/web.ts";
import { streams } from "./stream-pair.ts";
import { main, more, net, open, runtime, settles, sleep, ways } from "./ways.ts";

const [relay] = more;

/** Counts the listeners that are added to an object and have not been removed. */
class Listeners {
  readonly #kept = new Map<string, number>();

  /** Counts those of an object, which it changes and returns. */
  of<T extends object>(target: T): T {
    const methods = target as Record<string, unknown>;
    for (const [name, step] of [
      ["addEventListener", 1],
      ["removeEventListener", -1],
      ["on", 1],
      ["off", -1],
    ] as const) {
      const method = methods[name];
      if (typeof method !== "function") continue;
      methods[name] = (type: string, ...rest: unknown[]) => {
        this.#kept.set(type, (this.#kept.get(type) ?? 0) + step);
        return method.call(target, type, ...rest);
      };
    }
    return target;
  }

  get kept(): string[] {
    return [...this.#kept].filter(([, count]) => count > 0).map(([type, n]) => `${type}: ${n}`);
  }
}

interface Pair {
  readonly a: ImsgChannel;
  readonly b: ImsgChannel;
  /** Called after both have ended. */
  readonly over?: () => Promise<void>;
}
type MakePair = (listeners: Listeners, options: ChannelOptions) => Promise<Pair>;

const sockets: [string, MakePair][] = ways().map((way, i) => [
  ["TCP", "a Unix socket", "descriptor mode"][i]!,
  async (_, options) => {
    let accept!: (channel: ImsgChannel) => void;
    const accepted = new Promise<ImsgChannel>((resolve) => {
      accept = resolve;
    });
    const server = await net.listen(way.at, accept, way.options);
    const a = await open(way, server, options);
    return { a, b: await accepted, over: () => server.close() };
  },
]);

const TRANSPORTS: Record<string, MakePair> = {
  ...Object.fromEntries(sockets),
  "a MessagePort": async (listeners, options) => {
    const { port1, port2 } = new MessageChannel();
    const [a, b] = [port1, port2].map((port) => listeners.of(port));
    return { a: fromMessagePort(a!, options), b: fromMessagePort(b!) };
  },
  streams: async (_, options) => {
    const [a, b] = streams();
    return { a: fromStreams(a, options), b: fromStreams(b) };
  },
  ...(typeof WebSocket === "function" && relay !== undefined
    ? {
        "a WebSocket": async (listeners: Listeners, options: ChannelOptions) => {
          const name = String(Math.random());
          const [a, b] = [0, 1].map(() =>
            listeners.of(new WebSocket(`${relay}/${name}`, "imsg.credit")),
          );
          return { a: fromWebSocket(a!, options), b: fromWebSocket(b!) };
        },
      }
    : {}),
};

const readAll = async (channel: ImsgChannel): Promise<void> => {
  try {
    for await (const _ of channel);
  } catch {
    // how it ends does not matter here
  }
};

type End = (pair: Pair, controller: AbortController) => Promise<void>[];

const ENDS: Record<string, End> = {
  "both close": ({ a, b }) => [a.close(), b.close()],
  "both end, and read": ({ a, b }) => [a.end(), b.end(), readAll(a), readAll(b)],
  "one ends, the other closes": ({ a, b }) => [a.end(), readAll(a), b.close()],
  "one aborts": ({ a, b }) => {
    a.abort(new Error("enough"));
    return [readAll(b), b.close()];
  },
  "its signal aborts": ({ b }, controller) => {
    controller.abort(new Error("enough"));
    return [readAll(b), b.close()];
  },
};

/** One life: some messages each way, requests and time-outs, then the end. */
async function live(make: MakePair, end: string, kept: WeakRef<object>[]): Promise<string[]> {
  const listeners = new Listeners();
  const controller = new AbortController();
  const signal = listeners.of(controller.signal);
  const pair = await make(listeners, { signal });
  const { a, b } = pair;
  const answered = (async () => {
    for (let i = 0; i < 20; i++) {
      const m = await b.receive();
      await b.reply(m!, { type: m!.type + 1, data: m!.data });
    }
  })();
  for (let i = 0; i < 20; i++) {
    await a.request({ type: i, data: new Uint8Array(1000) }, { timeout: 30_000, signal });
  }
  await answered;
  const never = a.receive({ signal }).catch(() => {});
  const late = a.request({ type: 1 }, { timeout: 30_000, signal }).catch(() => {});
  void a.send({ type: 2, data: new Uint8Array(100_000) }).catch(() => {});
  // over streams, a close of the one end makes the end() of the other fail
  await Promise.allSettled(ENDS[end]!(pair, controller));
  for (const channel of [a, b]) {
    if (!(await settles(channel.closed, 3000))) return [`${end}: a channel has not ended`];
  }
  for (const promise of [never, late]) {
    if (!(await settles(promise, 1000))) return [`${end}: a promise has not settled`];
  }
  await pair.over?.();
  kept.push(new WeakRef(a), new WeakRef(b));
  // a WebSocket reports its close after its channel has ended
  for (let i = 0; i < 100 && listeners.kept.length > 0; i++) await sleep(10);
  return listeners.kept.map((left) => `${end}: ${left}`);
}

const collect = (globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } }).Bun
  ? () => (globalThis as unknown as { Bun: { gc(force: boolean): void } }).Bun.gc(true)
  : (globalThis as unknown as { gc(): void }).gc;

const descriptors = (): number => readdirSync("/proc/self/fd").length;
/** Deno opens a pair of sockets of its own about 0.1 s after every start. */
const OWN = runtime === "deno" ? 2 : 0;
/** The handles that keep the process alive, in runtimes that list them. */
const resources = (): string[] =>
  runtime === "bun" ? [] : process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap");

/** Waits until a count is as low as it was, at most two seconds. */
async function falls(count: () => number, to: number): Promise<number> {
  for (let i = 0; i < 100 && count() > to; i++) {
    await sleep(20); // a deref keeps its object for the rest of the job
    collect();
  }
  return count();
}

const cases = Object.entries(TRANSPORTS).map(([transport, make]) => [
  transport,
  async (): Promise<unknown> => {
    const left: string[] = [];
    for (const end of Object.keys(ENDS)) left.push(...(await live(make, end, [])));
    // the first lives have loaded what the runtime loads once
    const before = { descriptors: descriptors(), resources: resources() };
    const kept: WeakRef<object>[] = [];
    for (const end of Object.keys(ENDS)) {
      for (let i = 0; i < 4; i++) left.push(...(await live(make, end, kept)));
    }
    const alive = (): number => kept.filter((ref) => ref.deref() !== undefined).length;
    await falls(descriptors, before.descriptors + OWN);
    await falls(() => resources().length, before.resources.length);
    return {
      left,
      descriptors: Math.max(0, descriptors() - before.descriptors - OWN),
      resources: resources().slice(before.resources.length),
      // the newest may still be on the stack, or in a register
      alive: Math.max(0, (await falls(alive, 2)) - 2),
      of: kept.length,
    };
  },
]);

await main({
  names: async () => Object.keys(TRANSPORTS),
  ...(Object.fromEntries(cases) as Record<string, () => Promise<unknown>>),
});
