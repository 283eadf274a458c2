/** Hostile arguments at every function of protocols: a refusal is an ImsgError, and nothing hangs. */
import fc from "fast-check";
import { describe, it } from "vitest";
import { callsOf, patience } from "./calls.ts";
import { instance, makeWorld } from "./channel-calls.ts";
import { attempt, Neighbours, settles } from "./neighbours.ts";
import { calls, objectCalls } from "./protocol-calls.ts";
import { hostileBytes, hostileMaker, nonsense, pick } from "./values.ts";

/** The full form has 100,000 calls: IMSG_HOSTILE_CALLS=100000. */
const CALLS = callsOf(1500);
const values = [...hostileBytes, ...nonsense];

async function rounds(
  run: (w: ReturnType<typeof makeWorld>["channel"], numbers: readonly number[]) => unknown,
): Promise<void> {
  const neighbours = new Neighbours(instance);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), async (numbers) => {
      const { channel } = makeWorld();
      await settles(attempt(() => run(channel, numbers)));
      await settles(channel.close());
      neighbours.check();
    }),
    { numRuns: CALLS, endOnFailure: true },
  );
  neighbours.dispose();
}

describe("a caller of protocols gets an ImsgError or a value", () => {
  it(`with hostile values in any place (${CALLS} calls)`, { timeout: patience(CALLS) }, () =>
    rounds((w, [call, value]) => pick(calls, call!)[1](w, pick(values, value!)() as never)),
  );

  it(
    `with code that runs in the middle of a call (${CALLS} calls)`,
    { timeout: patience(CALLS) },
    () =>
      rounds((w, [call, key, shape]) => {
        const hostile = hostileMaker(key!, shape!, () => w.abort());
        return pick(objectCalls, call!)[1](w, hostile);
      }),
  );
});
