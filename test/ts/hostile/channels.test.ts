/**
 * Hostile arguments at every function of channels and transports that takes bytes, messages, options
 * or objects of the platform: getters, proxies, subclasses, detached and shared buffers, values of
 * other realms. A call may throw or reject with an ImsgError, or with what the caller's own code has
 * thrown, and neither reads nor changes what other users of the instance have.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callsOf, patience } from "./calls.ts";
import { calls, instance, makeWorld, objectCalls, type World } from "./channel-calls.ts";
import { message } from "./codec-calls.ts";
import { attempt, Neighbours, SECRET, settles } from "./neighbours.ts";
import { hostileBytes, hostileMaker, nonsense, pick } from "./values.ts";

/** The full form has 100,000 calls: IMSG_HOSTILE_CALLS=100000. */
const CALLS = callsOf(1500);

/** The attack that runs while the library reads its arguments. */
const interferences: readonly ((w: World) => unknown)[] = [
  () => {},
  (w) => w.channel.send(message).catch(() => {}),
  (w) => w.channel.sendMany([message, message]).catch(() => {}),
  (w) => w.channel.end().catch(() => {}),
  (w) => w.channel.close().catch(() => {}),
  (w) => w.channel.abort(),
  () => instance.Ibuf.open(200_000).dispose(),
];

const values = [...hostileBytes, ...nonsense];

/** Lets calls loose in a world each, and checks that nothing else has noticed. */
async function rounds(run: (w: World, numbers: readonly number[]) => unknown): Promise<void> {
  const neighbours = new Neighbours(instance);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), async (numbers) => {
      const w = makeWorld();
      await settles(attempt(() => run(w, numbers)));
      await settles(w.channel.close());
      neighbours.check();
      const secret = Buffer.alloc(8, SECRET);
      expect(w.received.some((chunk) => Buffer.from(chunk).includes(secret))).toBe(false);
    }),
    { numRuns: CALLS, endOnFailure: true },
  );
  neighbours.dispose();
}

describe("a caller of channels and transports cannot harm another user of its instance", () => {
  it(`with hostile values in any place (${CALLS} calls)`, { timeout: patience(CALLS) }, () =>
    rounds((w, [call, value]) => pick(calls, call!)[1](w, pick(values, value!)() as never)),
  );

  it(
    `with code that runs in the middle of a call (${CALLS} calls)`,
    { timeout: patience(CALLS) },
    () =>
      rounds((w, [call, key, shape, interference]) => {
        const hostile = hostileMaker(key!, shape!, () => pick(interferences, interference!)(w));
        return pick(objectCalls, call!)[1](w, hostile);
      }),
  );
});
