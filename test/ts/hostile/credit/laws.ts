/**
 * The laws of credit and of what arrives, each checked with a bare peer. They hold for the packed
 * library, and fault-list.ts has the faults that break them.
 */
import assert from "node:assert/strict";
import { MessageChannel } from "node:worker_threads";
import { encode } from "../../../oracle/reference/codec.ts";
import { DataChannel } from "../sockets.ts";
import { type Library, type Meeting, meetings } from "./peers.ts";

export const WINDOW = 65536;
/** The most credit that a sender holds. */
export const MOST = 16 * 1024 * 1024;
/** The longest piece that a channel hands to its transport at a time. */
export const PIECE = 65536;

/** A law: resolves if the library keeps it, and rejects if not. */
export interface Law {
  name: string;
  holds(library: Library): Promise<void>;
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
/** Waits until a number of the peer's has not changed for a while. */
export async function settled(count: () => number): Promise<number> {
  for (let before = -1, same = 0; same < 4; before = count()) {
    same = before === count() ? same + 1 : 0;
    await sleep(15);
  }
  return count();
}

/** Bytes of whole messages, of `size` bytes each. */
export const messages = (count: number, size: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    Buffer.concat(Array(count).fill(encode({ type: 1, pid: 1, data: new Uint8Array(size - 16) }))),
  );
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Whether a channel has failed by its peer with one of some codes. */
export async function fails(meeting: Meeting, ...codes: string[]): Promise<void> {
  const late = sleep(2000).then(() => "the channel lives");
  const error = await Promise.race([
    meeting.channel.closed.catch((reason: unknown) => reason),
    late,
  ]);
  const { name, code, fromPeer } = Object(error);
  assert.equal(name, "ImsgError", String(error));
  assert.ok(codes.includes(code), `${code} is none of ${codes}`);
  assert.equal(fromPeer, true);
}

/** The laws of one transport. */
function lawsOf(transport: string, meet: (typeof meetings)[string]): Law[] {
  const law = (name: string, run: (library: Library) => Promise<void>): Law => ({
    name: `over ${transport}: ${name}`,
    holds: run,
  });
  const meetAnd = async (
    library: Library,
    run: (meeting: Meeting) => Promise<void>,
    options = {},
  ): Promise<void> => {
    const meeting = await meet(library, options);
    meeting.channel.closed.catch(() => {});
    try {
      await run(meeting);
    } finally {
      meeting.channel.abort();
      meeting.close();
    }
  };
  /** Sends much, and returns how many sends are fulfilled. */
  const flood = ({ channel }: Meeting, count: number): (() => number) => {
    let fulfilled = 0;
    for (let i = 0; i < count; i++) {
      channel.send({ type: 1, data: new Uint8Array(7984) }).then(
        () => fulfilled++,
        () => {},
      );
    }
    return () => fulfilled;
  };
  return [
    law("a sender stops after the window and at most one piece, and goes on by credit", (library) =>
      meetAnd(library, async (meeting) => {
        const fulfilled = flood(meeting, 100);
        const first = await settled(meeting.bytes);
        assert.ok(first >= WINDOW && first <= WINDOW + PIECE, `${first} bytes without credit`);
        assert.ok(fulfilled() < 100);
        meeting.grant(first - WINDOW + 10_000);
        const second = (await settled(meeting.bytes)) - first;
        assert.ok(second > 0 && second <= 10_000 + PIECE, `${second} bytes for 10,000`);
        meeting.grant(MOST / 2);
        assert.equal(await settled(meeting.bytes), 800_000);
        assert.equal(fulfilled(), 100);
      }),
    ),
    law("a receiver grants what it has received, in steps of half a window or more", (library) =>
      meetAnd(library, async (meeting) => {
        for (let i = 0; i < 3; i++) meeting.post(messages(1, 10_000));
        for (let i = 0; i < 3; i++) await meeting.channel.receive();
        assert.equal(await settled(() => meeting.grants().length), 0);
        for (let i = 0; i < 30; i++) {
          meeting.post(messages(1, 10_000));
          await meeting.channel.receive();
        }
        await settled(() => meeting.grants().length);
        const granted = sum(meeting.grants());
        assert.ok(granted <= 330_000 && granted > 330_000 - WINDOW / 2, `${granted} granted`);
        for (const grant of meeting.grants()) assert.ok(grant >= WINDOW / 2, `${grant} granted`);
      }),
    ),
    law("a receiver that takes nothing grants nothing beyond its mark, and all later", (library) =>
      meetAnd(library, async (meeting) => {
        for (let i = 0; i < 40; i++) meeting.post(messages(1, 10_000));
        await settled(() => meeting.grants().length);
        const early = sum(meeting.grants());
        assert.ok(early <= 2 * WINDOW, `${early} granted although nothing is taken`);
        for (let i = 0; i < 40; i++) await meeting.channel.receive();
        await settled(() => meeting.grants().length);
        const all = sum(meeting.grants());
        assert.ok(all <= 400_000 && all > 400_000 - WINDOW / 2, `${all} granted of 400,000`);
      }),
    ),
    law(
      "a receiver with a larger mark grants the rest of it at once, and 16 MiB at most",
      async (library) => {
        const first = async ({ grants }: Meeting, bytes: number): Promise<void> => {
          await settled(() => grants().length);
          assert.deepEqual(grants(), [bytes]);
        };
        await meetAnd(library, (m) => first(m, 1_000_000 - WINDOW), { highWaterMark: 1_000_000 });
        await meetAnd(library, (m) => first(m, MOST - WINDOW), { highWaterMark: 4 * MOST });
      },
    ),
    law("what is no credit ends the channel with EBADMSG", async (library) => {
      for (const credit of [0, -1, 0.5, "NaN", 2 ** 31, MOST - WINDOW + 1]) {
        await meetAnd(library, async (meeting) => {
          meeting.grant(credit === "NaN" ? Number.NaN : credit);
          await fails(meeting, "EBADMSG");
        });
      }
    }),
    law("credit that adds up to more than 16 MiB ends the channel", (library) =>
      meetAnd(library, async (meeting) => {
        meeting.grant(MOST - WINDOW);
        await sleep(20);
        const state = await Promise.race([meeting.channel.closed.catch(String), sleep(1)]);
        assert.equal(state, undefined);
        meeting.grant(1);
        await fails(meeting, "EBADMSG");
      }),
    ),
    law("bytes after the peer's end end the channel with EBADMSG", (library) =>
      meetAnd(library, async (meeting) => {
        meeting.end();
        meeting.post(messages(1, 16));
        await fails(meeting, "EBADMSG");
      }),
    ),
  ];
}

/** Parcels and values that are no message of a port. Node delivers undefined as null, which is the end. */
const junk: readonly unknown[] = [
  true,
  "text",
  5n,
  [1],
  {},
  new Map(),
  { bytes: null, fd: new ArrayBuffer(1) },
  { bytes: "text", fd: new ArrayBuffer(1) },
  { bytes: new ArrayBuffer(16), fd: null },
  { bytes: new ArrayBuffer(16), fd: 5 },
  { bytes: new ArrayBuffer(16), fd: {} },
  { bytes: new ArrayBuffer(16), fd: new Map() },
  { bytes: new ArrayBuffer(16), fd: new Uint8Array(3) },
  { bytes: new ArrayBuffer(0), fd: new ArrayBuffer(1) },
];

const portLaws: readonly Law[] = [
  {
    name: "a port's message that is none ends the channel with EINVAL or EBADMSG",
    async holds(library) {
      for (const value of junk) {
        for (const allowFdPass of [true, false]) {
          const meeting = await meetings["a port"]!(library, { allowFdPass });
          meeting.grant(value); // posts it as it is
          await fails(meeting, "EINVAL", "EBADMSG");
          meeting.close();
        }
      }
    },
  },
  {
    name: "a port in a parcel that is refused, or that comes too late, is closed",
    async holds({ fromMessagePort }) {
      for (const state of ["empty", "no bytes", "not allowed", "after a failure"]) {
        const { port1, port2 } = new MessageChannel();
        const channel = fromMessagePort(port1 as never, { allowFdPass: state !== "not allowed" });
        channel.closed.catch(() => {});
        const passed = new MessageChannel();
        const closed = new Promise<string>((resolve) => {
          passed.port2.once("close", () => resolve("closed"));
        });
        if (state === "after a failure") port2.postMessage("text");
        const bytes = state === "no bytes" ? "text" : new ArrayBuffer(state === "empty" ? 0 : 16);
        if (typeof bytes === "object" && bytes.byteLength > 0) new Uint32Array(bytes)[1] = 16;
        port2.postMessage({ bytes, fd: passed.port1 }, [passed.port1]);
        const late = sleep(1000).then(() => "open");
        const outcome = await Promise.race([closed, late]);
        for (const port of [port2, passed.port2]) port.close();
        channel.abort();
        assert.equal(outcome, "closed", state);
      }
    },
  },
];

const textLaws: readonly Law[] = [
  {
    name: "text is refused with EINVAL without the protocol of credit",
    async holds({ fromRTCDataChannel }) {
      const [ours, theirs] = DataChannel.pair("");
      const channel = fromRTCDataChannel(ours);
      theirs.send("1000");
      await fails({ channel } as Meeting, "EINVAL");
    },
  },
  {
    name: "text that is no number is refused with EBADMSG under the protocol of credit",
    async holds({ fromRTCDataChannel }) {
      for (const text of ["", "0", "01", "-5", "1e3", "1.5", " 1", "1 ", "0x10", "9".repeat(20)]) {
        const [ours, theirs] = DataChannel.pair("imsg.credit");
        const channel = fromRTCDataChannel(ours);
        theirs.send(text);
        await fails({ channel } as Meeting, "EBADMSG");
      }
    },
  },
  {
    name: "what is neither bytes nor text is refused with EINVAL",
    async holds({ fromRTCDataChannel }) {
      for (const value of [undefined, null, 5, {}, new Blob(["x"]), [1, 2]]) {
        const [ours, theirs] = DataChannel.pair("imsg.credit");
        const channel = fromRTCDataChannel(ours);
        theirs.post(value);
        await fails({ channel } as Meeting, "EINVAL");
      }
    },
  },
];

/** The laws of the library; those of the relay are in relay-laws.ts. */
export const libraryLaws: readonly Law[] = [
  ...Object.entries(meetings).flatMap(([name, meet]) => lawsOf(name, meet)),
  ...portLaws,
  ...textLaws,
];
