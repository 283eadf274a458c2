import { ok, strictEqual, throws } from "node:assert/strict";
import {
  always,
  both,
  type Clause,
  isPending,
  MEGABYTE,
  pattern,
  pauses,
  STALL,
  sleep,
  stalls,
  until,
  within,
} from "./clause.ts";

/** The end waits for unsent bytes, also if the peer has ended its side before. */
const staysPending = ({ behind }: { behind: boolean }): Clause => ({
  name: `end() stays pending while bytes are unsent, because the peer does not read${
    behind ? " and has ended its side" : ""
  }`,
  applies: (abilities) => {
    const { holdsBack = true, halfCloses = true } = abilities;
    return stalls(abilities) && holdsBack && (halfCloses || !behind);
  },
  async run(pair) {
    const [a, b] = both(pair);
    b.transport.pause!();
    if (behind) {
      await within(b.transport.end(), "the peer's end()");
      await until(() => a.sink.has("ended"), "the peer's end had arrived");
    }
    a.send(STALL);
    const ended = a.transport.end();
    ok(await isPending(ended, 50), "end() was fulfilled");
    ok(a.unsent > 0);
    b.transport.resume!();
    await within(ended, "end()");
    strictEqual(a.unsent, 0);
    await until(() => b.sink.over, "the end had arrived");
    a.arrivedAt(b);
    await Promise.all([a.close(), b.close()]);
  },
});

/** The clauses about sending, pausing and ending. */
export const SENDING: readonly Clause[] = [
  {
    name: "bytes arrive in order, both ways at once, in chunks that the transport does not reuse",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await within(Promise.all([a.sendAll(MEGABYTE), b.sendAll(MEGABYTE)]), "sending");
      await Promise.all([a.arrived(b), b.arrived(a)]);
      a.arrivedAt(b);
      b.arrivedAt(a);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "send returns false at the high-water mark, drained follows, and then unsent is below the mark",
    applies: pauses,
    async run(pair, { holdsBack = true }) {
      const [a, b] = both(pair, 20_000);
      b.transport.pause!();
      a.fill();
      await sleep(30);
      if (a.transport.unsent !== undefined && holdsBack) {
        ok(a.unsent >= 20_000 || a.sink.has("drained"), `${a.unsent} bytes are unsent`);
      }
      strictEqual(b.sink.over, false);
      let atDrained = -1;
      a.sink.onCall = () => {
        if (atDrained === -1) atDrained = a.unsent;
      };
      b.transport.resume!();
      await until(() => a.sink.has("drained"), "drained was called");
      ok(atDrained < 20_000, `${atDrained} bytes were unsent at drained`);
      await a.arrived(b);
      a.arrivedAt(b);
      strictEqual(a.unsent, 0);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "nothing is received between pause and resume, and nothing is lost",
    applies: (abilities) => pauses(abilities) && abilities.holdsBack !== false,
    async run(pair) {
      const [a, b] = both(pair);
      a.send(10);
      await a.arrived(b);
      b.transport.pause!();
      await sleep(10);
      const before = b.sink.length;
      a.send(50_000);
      await sleep(40);
      strictEqual(b.sink.length, before);
      b.transport.resume!();
      await a.arrived(b);
      a.arrivedAt(b);
      await Promise.all([a.close(), b.close()]);
    },
  },
  {
    name: "end() is fulfilled when nothing is unsent, and the peer gets every byte, then the end",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await a.sendAll(MEGABYTE);
      await within(a.transport.end(), "end()");
      strictEqual(a.unsent, 0);
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      strictEqual(b.sink.has("failed"), false);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  staysPending({ behind: false }),
  staysPending({ behind: true }),
  {
    name: "send throws once the sending side has ended",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await within(a.transport.end(), "end()");
      throws(() => a.transport.send(pattern(1)));
      await Promise.all([a.close(), b.close()]);
    },
  },
  {
    name: "a peer that has half-closed can still be sent to",
    applies: ({ halfCloses = true }) => halfCloses,
    async run(pair) {
      const [a, b] = both(pair);
      a.send(100);
      await within(a.transport.end(), "end()");
      await until(() => b.sink.has("ended"), "the end had arrived");
      await sleep(300); // a transport that asks whether the peer is gone has asked
      strictEqual(b.sink.has("hungUp"), false);
      await b.sendAll(MEGABYTE);
      await within(b.transport.end(), "end()");
      await until(() => a.sink.over, "the other end had arrived");
      b.arrivedAt(a);
      await Promise.all([a.close(), b.close()]);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "close() instead of end() sends everything first, and the sink is not called any more",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      b.send(1000);
      await b.arrived(a); // TCP resets a connection that is closed with unread bytes
      await a.sendAll(MEGABYTE);
      a.send(MEGABYTE);
      await a.close();
      strictEqual(a.unsent, 0);
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "close() that waits for the peer to read calls the sink no more, whatever the peer sends",
    applies: stalls,
    async run(pair) {
      const [a, b] = both(pair);
      b.transport.pause!();
      a.send(STALL);
      const closed = a.close();
      b.send(1000);
      await sleep(30);
      b.transport.resume!();
      await closed;
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "close() after end(), and a second close(), are fulfilled",
    applies: always,
    async run(pair) {
      const [a, b] = both(pair);
      await a.sendAll(100_000);
      await within(a.transport.end(), "end()");
      await a.close();
      await a.close();
      await until(() => b.sink.over, "the end had arrived");
      a.arrivedAt(b);
      await b.close();
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
  {
    name: "two ends that both have much to send can be ended and closed",
    applies: ({ halfCloses = true }) => halfCloses,
    async run(pair) {
      const [a, b] = both(pair);
      a.send(2 * MEGABYTE);
      b.send(2 * MEGABYTE);
      await within(Promise.all([a.transport.end(), b.transport.end()]), "end()");
      await until(() => a.sink.over && b.sink.over, "both ends had arrived");
      await Promise.all([a.close(), b.close()]);
      a.arrivedAt(b);
      b.arrivedAt(a);
      for (const { sink } of [a, b]) strictEqual(sink.breach, undefined);
    },
  },
];
