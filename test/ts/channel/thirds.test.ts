import { describe, expect, test } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { nativeRecords } from "../../oracle/native/dump.ts";
import { concat, decode, encode, ReferenceDecoder } from "../../oracle/reference/codec.ts";
import { readFixture } from "../../oracle/reference/golden.ts";
import { type Plain, plain } from "./streams.ts";

const instance = createInstance(debugModule());

/** Every way to cut a stream in three, parts without bytes among them. */
function thirds(stream: Uint8Array): Uint8Array[][] {
  const all: Uint8Array[][] = [];
  for (let a = 0; a <= stream.length; a++) {
    for (let b = a; b <= stream.length; b++) {
      all.push([stream.subarray(0, a), stream.subarray(a, b), stream.subarray(b)]);
    }
  }
  return all;
}

function byCodec(parts: readonly Uint8Array[]): Plain[] {
  const codec = new ImsgCodec({ instance });
  const messages = parts.flatMap((part) => codec.push(part.slice())).map(plain);
  codec.end();
  codec.dispose();
  return messages;
}

function byImsgbuf(parts: readonly Uint8Array[]): Plain[] {
  const socket = new instance.Socket();
  const imsgbuf = instance.Imsgbuf.init(socket);
  const messages: Plain[] = [];
  for (const part of parts) {
    if (part.length > 0) socket.deliver(part); // a delivery of no bytes would be the end
    imsgbuf.read();
    for (let imsg = imsgbuf.get(); imsg !== undefined; imsg = imsgbuf.get()) {
      const { type, peerid, pid } = imsg.hdr;
      messages.push(plain({ type, peerid, pid, data: imsg.data ?? new Uint8Array(0) }));
      imsg.free();
    }
  }
  imsgbuf.clear();
  socket.close();
  return messages;
}

const payload = (n: number): Uint8Array =>
  Uint8Array.from({ length: n }, (_, i) => (i * 7 + n) & 255);

const streams: [string, Uint8Array][] = [
  [
    "empty, one byte and 21 bytes",
    concat([0, 1, 21].map((n) => encode({ type: n + 1, peerid: n, pid: 9, data: payload(n) }))),
  ],
  [
    "three empty messages and one of 15 bytes",
    concat([0, 0, 0, 15].map((n, i) => encode({ type: i, peerid: 1, pid: 2, data: payload(n) }))),
  ],
  ["a session with ntpd", Uint8Array.from(readFixture("ntpd62-status.server"))],
  ["a session with tmux", Uint8Array.from(readFixture("tmux33a-list-sessions.server"))],
];

describe.each(streams)("%s, cut in three at every two places,", (_, stream) => {
  const expected = decode(stream).messages.map(plain);
  const cuts = thirds(stream);

  test("is the same to the original run natively and to the reference decoder", () => {
    expect(expected.length).toBeGreaterThan(0);
    for (const [i, native] of nativeRecords(cuts.map((parts) => ({ parts }))).entries()) {
      expect(native.error).toBeUndefined();
      expect(native.messages.map(plain)).toEqual(expected);
      const reference = new ReferenceDecoder();
      expect(cuts[i]!.flatMap((part) => reference.push(part)).map(plain)).toEqual(expected);
    }
  });

  test("is the same to a codec and to an Imsgbuf", () => {
    for (const parts of cuts) {
      expect(byCodec(parts)).toEqual(expected);
      expect(byImsgbuf(parts)).toEqual(expected);
    }
  });
});
