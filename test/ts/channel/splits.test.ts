import { describe, expect, test } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { decode } from "../../oracle/reference/codec.ts";
import { fixtureDialect, fixtureNames, readFixture } from "../../oracle/reference/golden.ts";
import { type Plain, plain } from "./streams.ts";

const instance = createInstance(debugModule());

// the classic dialect without a mark is the current one
const recordings = fixtureNames().map((name) => {
  const stream = Uint8Array.from(readFixture(name));
  const expected = decode(stream, { dialect: fixtureDialect(name) }).messages.map(plain);
  return { name, stream, expected };
});

describe.each(recordings)("$name, cut in two at every place,", ({ stream, expected }) => {
  test("has messages", () => {
    expect(expected.length).toBeGreaterThan(0);
  });

  test("gives a codec what the reference makes of it", () => {
    for (let at = 0; at <= stream.length; at++) {
      const codec = new ImsgCodec({ instance });
      const messages = [
        ...codec.push(stream.subarray(0, at)),
        ...codec.push(stream.subarray(at)),
      ].map(plain);
      codec.end();
      codec.dispose();
      expect(messages).toEqual(expected);
    }
  });

  test("gives an Imsgbuf what the reference makes of it", () => {
    for (let at = 0; at <= stream.length; at++) {
      const socket = new instance.Socket();
      const imsgbuf = instance.Imsgbuf.init(socket);
      const messages: Plain[] = [];
      for (const part of [stream.subarray(0, at), stream.subarray(at)]) {
        // a delivery of no bytes would be the end
        if (part.length > 0) socket.deliver(part);
        expect(imsgbuf.read()).toBe(1);
        for (let imsg = imsgbuf.get(); imsg !== undefined; imsg = imsgbuf.get()) {
          const { type, peerid, pid } = imsg.hdr;
          messages.push(plain({ type, peerid, pid, data: imsg.data ?? new Uint8Array(0) }));
          imsg.free();
        }
      }
      socket.deliverEnd();
      expect(imsgbuf.read()).toBe(0);
      imsgbuf.clear();
      socket.close();
      expect(messages).toEqual(expected);
    }
  });
});
