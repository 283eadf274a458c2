import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createInstance } from "../../../ts/c/index.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { connected, Fate, type Side } from "./wire.ts";

const SEED = 1987;
const RUNS = 300;
/** How much payload a message may have. */
const MOST = 184;
const instance = createInstance(debugModule());
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

async function turnsOfPromises(): Promise<void> {
  for (let i = 0; i < 6; i++) await Promise.resolve();
}

/** Everything of one run: two sides, and the values that were made. */
class World {
  readonly sides: [Side, Side];
  readonly fates: Fate[] = [];

  constructor(allowed: readonly [boolean, boolean], claims: boolean) {
    this.sides = connected(instance, allowed, claims);
  }

  value(refused = false): Fate {
    const fate = new Fate(refused);
    this.fates.push(fate);
    return fate;
  }

  /** Sends a message with a value, unless it is plain. */
  send(side: Side, size: number, { type = 1, plain = false } = {}): void {
    const refused = !side.allowed || side.finished || type < 0 || size > MOST;
    const fd = plain ? undefined : this.value(refused);
    side.channel.send({ type, data: new Uint8Array(size), fd }).catch(() => {});
  }
}

const index = fc.nat({ max: 5 });

/** One of the last messages that a side has received. */
const picked = ({ got }: Side, back: number) => got[Math.max(0, got.length - 1 - back)];

interface Happening {
  readonly weight: number;
  readonly a?: fc.Arbitrary<number>;
  readonly b?: fc.Arbitrary<number>;
  run(world: World, self: Side, other: Side, a: number, b: number): unknown;
}

/** The operations on a side. */
const happenings: Record<string, Happening> = {
  send: {
    weight: 10,
    a: fc.nat({ max: MOST }),
    run: (world, self, _, a, b) => world.send(self, a, { plain: b === 0 }),
  },
  badType: { weight: 1, run: (world, self) => world.send(self, 3, { type: -1 }) },
  tooLarge: { weight: 1, run: (world, self) => world.send(self, MOST + 1) },
  deliver: {
    weight: 10,
    a: fc.constantFrom(0, 0, 0, 1, 8, 15, 16, 17, 20),
    b: fc.constantFrom(0, 0, 0, 1, 3),
    run(world, self, _, a, b) {
      const extras = Array.from({ length: b }, () => world.value());
      self.wire.deliver(3, a, extras);
    },
  },
  receive: { weight: 12, run: (_, self) => self.receive() },
  take: {
    weight: 10,
    run(_, self, __, a) {
      const value = picked(self, a)?.takeFd() as Fate | undefined;
      if (value !== undefined) value.taken++;
    },
  },
  dispose: { weight: 4, run: (_, self, __, a) => picked(self, a)?.dispose() },
  relay: {
    weight: 2,
    run(world, self, other, a) {
      const message = picked(self, a);
      if (message !== undefined) world.send(other, message.data.length, { plain: true });
    },
  },
  room: {
    weight: 3,
    run(_, { wire }) {
      wire.room = !wire.room;
      if (wire.room) wire.sink.drained();
    },
  },
  // receives and keeps more messages with values than may wait
  burst: {
    weight: 0.4,
    a: fc.constantFrom(5, 75),
    async run(world, self, other, a) {
      for (let i = 0; i < a; i++) {
        world.send(self, 3);
        await Promise.resolve();
        self.wire.deliver(9, 0, []);
        other.receive();
        await turnsOfPromises();
      }
    },
  },
  end: { weight: 0.1, run: (_, self) => self.finish(self.channel.end()) },
  close: { weight: 0.1, run: (_, self) => self.finish(self.channel.close()) },
  abort: {
    weight: 0.1,
    run: (_, self) => self.finish(Promise.resolve(self.channel.abort(new Error("enough")))),
  },
};

const step = fc.oneof(
  ...Object.entries(happenings).map(([name, { weight, a = index, b = index }]) => ({
    weight: weight * 10,
    arbitrary: fc.tuple(fc.constant(name), fc.nat({ max: 1 }), a, b),
  })),
);

/** Delivers the pieces on their way, and ends the sides that have not ended. */
async function conclude({ sides }: World): Promise<void> {
  for (let i = 0; i < 2; i++) {
    for (const one of sides) {
      await turn();
      one.wire.deliver(Number.POSITIVE_INFINITY, 0, []);
      await one.channel.close().catch(() => {}); // rejected if the wire has lost bytes
    }
  }
  await turn();
}

describe("a value, whatever two channels do,", () => {
  it("is taken once, or closed once, or still the caller's, and nothing of it is left", async () => {
    const seen = { taken: 0, closed: 0, refused: 0, failures: 0, clean: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.constantFrom(true, true, true, false), fc.constantFrom(true, true, false)),
        fc.boolean(),
        fc.array(step, { minLength: 20, maxLength: 100, size: "max" }),
        async (allowed, claims, steps) => {
          const { memoryBytes: _, ...before } = instance.stats();
          const world = new World(allowed, claims);
          for (const [name, which, a, b] of steps) {
            const [self, other] = [world.sides[which]!, world.sides[1 - which]!];
            await happenings[name]!.run(world, self, other, a, b);
            await turnsOfPromises();
            for (const { closed, taken } of world.fates) expect(closed + taken).toBeLessThan(2);
          }
          await conclude(world);
          for (const fate of world.fates) {
            const { closed, taken, refused } = fate;
            expect({ closed, taken, refused }).toEqual(
              refused ? { closed: 0, taken: 0, refused } : { closed: 1 - taken, taken, refused },
            );
            seen.taken += taken;
            seen.closed += closed;
            if (refused) seen.refused++;
          }
          for (const { ended } of world.sides) {
            if (ended === "clean") seen.clean++;
            else seen.failures++;
          }
          expect(before.descriptors).toBe(0);
          expect(instance.stats()).toMatchObject(before);
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );

    for (const count of Object.values(seen)) expect(count).toBeGreaterThanOrEqual(10);
  });

  it("has moved when its send waits for room, so that it is closed if the channel ends", async () => {
    const world = new World([true, true], true);
    const [{ channel, wire }] = world.sides;
    wire.room = false;
    await channel.send({ type: 1 });
    await turn();
    const fate = world.value();
    const sent = channel.send({ type: 2, fd: fate });
    channel.abort(new Error("enough"));
    await expect(sent).rejects.toThrow("enough");
    expect(fate.closed).toBe(1);
    await conclude(world);
    expect([fate.closed, instance.descriptors.size]).toEqual([1, 0]);
  });
});
