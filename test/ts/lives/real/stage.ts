import fc from "fast-check";
import { dialect } from "../commands.ts";
import type { Stage } from "../life.ts";
import { Awake, sleep } from "../runtime.ts";
import type { World } from "../world.ts";
import type { RealClock } from "./real-clock.ts";
import { RealWorld } from "./real-world.ts";
import { Remains } from "./remains.ts";
import type { Open, Session } from "./session.ts";

/** Lives until what the runtime opens once is open. A page counts its own connections alone. */
const WARM_UP = "document" in globalThis ? 0 : 5;
/** Deno opens a pair of sockets of its own now and then. */
const OWN = "Deno" in globalThis ? 2 : 0;
/** How long a life may take to leave nothing behind, in ms. */
const PATIENCE = 10_000;

/** How lives over real transports are set up. */
const setups = fc.record({
  scale: fc.constantFrom(1, 200),
  mark: fc.constantFrom(1, 500, 5000, 65_536),
  maxQueued: fc.constantFrom(1, 3000, 16_777_216, 16_777_216),
  maxSize: fc.constantFrom(1000, 16_384, 70_000, 70_000),
  lingerTimeout: fc.constantFrom(100, 200),
  burst: fc.constant(1),
  /** Whether the transport uses credit where it can choose. */
  atOnce: fc.boolean(),
  copy: fc.boolean(),
  dialect,
  zero: fc.boolean(),
  watched: fc.boolean(),
  ...{ lingers: fc.constant(false), counts: fc.constant(false) },
  ...{ pauses: fc.constant(false), passes: fc.constant(false) },
});

async function until(condition: () => boolean): Promise<boolean> {
  for (const awake = new Awake(); !condition(); await sleep(1)) {
    if (awake.ms > PATIENCE) return false;
  }
  return true;
}

const isClean = (now: Open, before: Open): boolean =>
  Object.entries(now).every(([kind, count]) => count <= before[kind]! + (kind === "fds" ? OWN : 0));

/** Lives over a real transport. */
export async function realStage(session: Session): Promise<Stage> {
  const { remote } = session;
  const remains = new Remains();
  let lives = 0;
  let before = session.open();
  await remote.start();
  return {
    setups,
    async open(setup, unhandled) {
      const transport = await session.connect(setup.atOnce);
      if (!(await until(() => remote.idle && remote.connected))) {
        throw new Error("the peer has no connection");
      }
      const natural = {
        ...setup,
        lingers: session.nature.lingers,
        counts: "unsent" in transport,
        pauses: transport.pause !== undefined,
        passes: session.descriptors !== undefined,
      };
      const world = new RealWorld(natural, unhandled, session, transport);
      remains.begin(world.channel, transport);
      return world;
    },
    async close(world: World) {
      const left: string[] = [];
      (world as RealWorld).closeThings();
      await remote.next();
      await until(() => remote.idle);
      const clock = world.clock as RealClock;
      if (!(await until(() => clock.timers === 0))) left.push(`timers of ${clock.delays} ms`);
      clock.remove();
      if (++lives <= WARM_UP) {
        before = session.open();
        return left;
      }
      if (!(await until(() => isClean(session.open(), before)))) {
        left.push(`${JSON.stringify(session.open())} are open, ${JSON.stringify(before)} before`);
      }
      const kept = await remains.kept();
      if (kept > 0) left.push(`${kept} channels and transports of lives before are not collected`);
      return left;
    },
  };
}
