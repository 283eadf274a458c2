import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import {
  always,
  both,
  type Clause,
  type End,
  pattern,
  STALL,
  sleep,
  stalls,
  until,
  within,
} from "./clause.ts";

/** Closes an end whose sink must never have been called against the contract. */
async function closed(end: End): Promise<void> {
  await end.close();
  strictEqual(end.sink.breach, undefined);
}

/** The clauses about aborts, errors, peers that are gone, and values. */
export const FAILING: readonly Clause[] = [
  {
    name: "abort() is seen by the peer, calls the sink no more, and send throws",
    applies: always,
    async run(pair, { abortFails = false }) {
      const [a, b] = both(pair);
      a.send(10);
      await a.arrived(b);
      a.abort();
      throws(() => a.transport.send(pattern(1)));
      await until(() => b.sink.over, "the peer had seen it");
      if (abortFails) ok(b.sink.has("failed"), `the peer saw ${b.sink.calls}`);
      a.abort();
      await a.close();
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "after abort(), unsent is what the peer does not get",
    applies: (abilities) => abilities.keepsSent === true && stalls(abilities),
    async run(pair) {
      const [a, b] = both(pair);
      b.transport.pause!();
      a.send(STALL);
      await sleep(20);
      a.abort();
      ok(a.unsent > 0);
      b.transport.resume!();
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b, a.sent - a.unsent);
      await b.close();
    },
  },
  {
    name: "a failed send is reported once, after which send throws, and what had arrived is still delivered",
    applies: ({ keepsArrived = false, vanishes = false, pauses = true }) =>
      keepsArrived && vanishes && pauses,
    async run(pair) {
      const [a, b] = both(pair);
      a.transport.pause!();
      await sleep(10);
      for (let i = 0; i < 60; i++) b.send(1000); // as much as a socket holds without a reader
      await within(b.transport.end(), "end()");
      a.send(10); // unread when the peer goes
      await pair.vanish!();
      for (let i = 0; i < 200 && !a.sink.has("sendFailed"); i++) {
        try {
          a.send(10_000);
        } catch {
          break;
        }
        await sleep(5);
      }
      await until(() => a.sink.has("sendFailed") || a.sink.has("failed"), "the send had failed");
      a.transport.resume!();
      await until(() => a.sink.over, "the end had been reported");
      b.arrivedAt(a, 60_000);
      ok(a.sink.has("sendFailed"), `calls: ${a.sink.calls}`);
      const error = a.sink.sendFailure as { name: string; code: string; fromPeer: boolean };
      strictEqual(error.name, "ImsgError");
      ok(["EPIPE", "ECONNRESET"].includes(error.code), error.code);
      strictEqual(error.fromPeer, true);
      if (a.transport.unsent !== undefined) ok(a.unsent > 0);
      throws(() => a.transport.send(pattern(1)));
      await closed(a);
    },
  },
  {
    name: "a peer that is gone is reported by hungUp, after everything that it sent",
    applies: ({ seesGone = false, vanishes = false }) => seesGone && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(100_000);
      await until(() => b.unsent === 0, "everything was sent");
      await pair.vanish!();
      await until(() => a.sink.has("hungUp"), `hungUp was called (calls: ${a.sink.calls})`);
      b.arrivedAt(a);
      await closed(a);
    },
  },
  {
    name: "a peer that has half-closed and is gone later is reported by hungUp",
    applies: ({ seesGone = false, vanishes = false }) => seesGone && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(100);
      await within(b.transport.end(), "end()");
      await until(() => a.sink.has("ended"), "the end had arrived");
      await sleep(50);
      strictEqual(a.sink.has("hungUp"), false);
      await pair.vanish!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      b.arrivedAt(a);
      await closed(a);
    },
  },
  {
    name: "a peer that is gone is reported while the transport is paused with nothing to read",
    applies: ({ seesGoneWhilePaused = false, vanishes = false }) => seesGoneWhilePaused && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(100);
      await b.arrived(a);
      a.transport.pause!();
      await sleep(10);
      await pair.vanish!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      await closed(a);
    },
  },
  {
    name: "a peer that is gone is not reported before the bytes that a paused transport has not read",
    applies: ({ seesGoneWhilePaused = false, vanishes = false }) => seesGoneWhilePaused && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      a.transport.pause!();
      await sleep(10);
      b.send(1000);
      await pair.vanish!();
      await sleep(50);
      deepStrictEqual(a.sink.calls, []);
      a.transport.resume!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      b.arrivedAt(a);
      await closed(a);
    },
  },
  {
    name: "a peer that is gone is reported although the channel pauses at its last bytes",
    applies: ({ seesGoneWhilePaused = false, vanishes = false }) => seesGoneWhilePaused && vanishes,
    async run(pair) {
      const [a, b] = both(pair);
      a.transport.pause!();
      await sleep(10);
      b.send(1000);
      await pair.vanish!();
      await sleep(20);
      a.sink.onChunk = () => a.transport.pause!();
      a.transport.resume!();
      await until(() => a.sink.has("hungUp"), "hungUp was called");
      b.arrivedAt(a);
      await closed(a);
    },
  },
  {
    name: "a value arrives once, with the chunk that has the byte that it was sent with",
    applies: ({ value }) => value !== undefined,
    async run(pair, { value }) {
      const [a, b] = both(pair);
      const things = Array.from({ length: 5 }, () => value!());
      const at: number[] = [];
      for (const thing of things) {
        a.send(7000);
        at.push(a.sent);
        a.transport.send(
          pattern(10, a.sent),
          a.transport.claim?.(thing.value) ?? { value: thing.value },
        );
        a.sent += 10;
        await until(() => a.unsent === 0, "it was sent");
      }
      await a.arrived(b);
      a.arrivedAt(b);
      // the system may put bytes from before into the same chunk
      for (const [i, { from, to }] of b.sink.passed.entries()) {
        ok(from <= at[i]! && at[i]! < to, `value ${i} of byte ${at[i]} came with ${from} to ${to}`);
      }
      strictEqual(b.sink.passed.length, things.length);
      for (const [i, { value: arrived }] of b.sink.passed.entries()) {
        ok(things[i]!.same(arrived.value));
        arrived.dispose?.(arrived.value);
      }
      await Promise.all([a.close(), b.close()]);
    },
  },
  {
    name: "a value that waits when the transport is aborted is closed",
    applies: (abilities) => abilities.value !== undefined && stalls(abilities),
    async run(pair, { value }) {
      const [a, b] = both(pair);
      b.transport.pause!();
      a.send(STALL);
      const thing = value!();
      a.transport.send(pattern(10), a.transport.claim?.(thing.value) ?? { value: thing.value });
      ok(thing.isOpen());
      a.abort();
      strictEqual(thing.isOpen(), false);
      b.abort();
    },
  },
  {
    name: "ref() and unref() can be called at any time",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      for (const { transport } of [a, b]) {
        transport.unref?.();
        transport.ref?.();
      }
      a.send(10);
      await a.arrived(b);
      await Promise.all([a.close(), b.close()]);
      for (const { transport } of [a, b]) {
        transport.unref?.();
        transport.ref?.();
      }
    },
  },
];
