// Holds the transports of Deno or Bun, whichever runs this, to the contract, and
// prints a line of JSON for each clause whose name contains the first argument. The
// second argument is a folder for sockets.

import type { BunTransport } from "../../../ts/transports/bun.ts";
import { type DenoConn, denoTransport } from "../../../ts/transports/deno.ts";
import type { UnixChannels } from "../../../ts/transports/unix-channel.ts";
import { bunHandler } from "./bun-handler.ts";
import { type Abilities, CLAUSES, checkAbilities, type Pair } from "./clauses.ts";

interface Listener {
  addr: { port: number };
  accept(): Promise<DenoConn>;
  close(): void;
}

interface Runtimes {
  Deno?: {
    args: string[];
    listen(options: object): Listener;
    connect(options: object): Promise<DenoConn>;
  };
  Bun?: {
    argv: string[];
    listen(options: object): { port: number; stop(): void };
    connect(options: object): Promise<unknown>;
  };
}

const { Deno, Bun } = globalThis as Runtimes;
const [only, folder] = Deno?.args ?? Bun!.argv.slice(2);
let sockets = 0;
const path = (): string => `${folder}/${++sockets}`;

async function denoPair(address: () => object): Promise<Pair> {
  const where = address();
  const listener = Deno!.listen(where);
  const port = listener.addr.port;
  const [one, two] = await Promise.all([
    Deno!.connect(port === undefined ? where : { ...where, port }),
    listener.accept(),
  ]);
  listener.close();
  const b = denoTransport(two);
  return { a: denoTransport(one), b, vanish: () => b.abort(new Error("vanished")) };
}

/** Both ends of a connection of Bun, whose callbacks go to the transports. */
async function bunPair(address: object): Promise<Pair> {
  const sides = [0, 1].map(() => {
    let resolve!: (transport: BunTransport) => void;
    const transport = new Promise<BunTransport>((done) => {
      resolve = done;
    });
    return { transport, socket: bunHandler(resolve) };
  });
  const listener = Bun!.listen({ ...address, allowHalfOpen: true, socket: sides[1]!.socket });
  const target = "unix" in address ? address : { ...address, port: listener.port };
  await Bun!.connect({ ...target, allowHalfOpen: true, socket: sides[0]!.socket });
  const [a, b] = await Promise.all(sides.map(({ transport }) => transport));
  listener.stop();
  return { a: a!, b: b!, vanish: () => b!.abort() };
}

/** A pair in descriptor mode: the numbers of two ends, by a listener. */
async function descriptorPair(unix: UnixChannels): Promise<Pair> {
  const [one, two] = unix.pair();
  const [a, b] = [unix.open(one), unix.open(two)];
  return { a, b, vanish: () => b.abort(new Error("vanished")) };
}

const tcp = { port: 0, hostname: "127.0.0.1" };
const kinds: Record<string, [make: () => Promise<Pair>, abilities: Abilities]> = Deno
  ? {
      tcp: [() => denoPair(() => tcp), { vanishes: true, keepsSent: true, keepsArrived: true }],
      unix: [
        () => denoPair(() => ({ transport: "unix", path: path() })),
        { vanishes: true, seesGone: true, keepsSent: true, keepsArrived: true },
      ],
    }
  : {
      tcp: [() => bunPair(tcp), { vanishes: true, abortFails: true, keepsArrived: true }],
      unix: [
        () => bunPair({ unix: path() }),
        { vanishes: true, seesGone: true, keepsSent: true, keepsArrived: true },
      ],
    };

const unix = Deno
  ? (await import("../../../ts/transports/unix-deno.ts")).denoUnix()
  : (await import("../../../ts/transports/unix-bun.ts")).bunUnix();
kinds.descriptors = [
  () => descriptorPair(unix),
  {
    vanishes: true,
    seesGone: true,
    seesGoneWhilePaused: true,
    keepsSent: true,
    keepsArrived: true,
    value() {
      const [value, other] = unix.pair();
      unix.closeFd(other);
      return {
        value,
        same: (arrived) => unix.credentials(arrived as number) !== undefined,
        isOpen: () => unix.credentials(value) !== undefined,
      };
    },
  },
];

for (const [kind, [make, abilities]] of Object.entries(kinds)) {
  for (const { name, applies, run } of CLAUSES) {
    if (!applies(abilities) || !`${kind}: ${name}`.includes(only!)) continue;
    const pair = await make();
    let error: string | undefined;
    try {
      checkAbilities(pair, abilities);
      await run(pair, abilities);
    } catch (thrown) {
      error = String((thrown as Error).stack ?? thrown);
    }
    for (const transport of [pair.a, pair.b]) transport.abort(new Error("over"));
    console.log(JSON.stringify({ name: `${kind}: ${name}`, error }));
  }
}
