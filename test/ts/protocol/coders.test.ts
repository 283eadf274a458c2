// Payloads of other packages' coders, as docs/protocols.md shows them.

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type StringValue, StringValueSchema } from "@bufbuild/protobuf/wkt";
import * as P from "micro-packed";
import { BufferReader, BufferWriter, f32, object, type Parsed, string } from "typed-binary";
import { expect, expectTypeOf, it } from "vitest";
import { cString, defineProtocol, json, type Payload } from "../../../ts/entry/protocol.ts";
import { channelPair } from "../../helpers/pair.ts";

const point = P.struct({ x: P.U16LE, y: P.U16LE });

const Vector = object({ name: string, x: f32 });
const vector: Payload<Parsed<typeof Vector>> = {
  encode(value) {
    const bytes = new Uint8Array(Vector.measure(value).size);
    Vector.write(new BufferWriter(bytes.buffer), value);
    return bytes;
  },
  decode: ({ buffer, byteOffset }) => Vector.read(new BufferReader(buffer, { byteOffset })),
};

const text: Payload<StringValue, string> = {
  encode: (value) => toBinary(StringValueSchema, create(StringValueSchema, { value })),
  decode: (bytes) => fromBinary(StringValueSchema, bytes),
};

const mixed = defineProtocol({
  name: "mixed",
  messages: {
    POINT: { type: 1, send: point, receive: point },
    VECTOR: { type: 2, send: vector, receive: vector },
    TEXT: { type: 3, send: text, receive: text },
    DOCUMENT: { type: 4, send: json<{ a: number[] }>(), receive: json<{ a: number[] }>() },
    PATH: { type: 5, send: cString, receive: cString },
  },
});

it("payloads of micro-packed, typed-binary, protobuf, JSON and C strings pass over a channel", async () => {
  const [a, b] = await channelPair();
  const [client, server] = [mixed.on(a), mixed.on(b, { side: "server" })];
  await client.send("POINT", { x: 1, y: 2 });
  await client.send("VECTOR", { name: "v", x: 0.5 });
  await client.send("TEXT", "grüezi");
  await client.send("DOCUMENT", { a: [1, 2] });
  await client.send("PATH", "/tmp/é");
  const got = [];
  for (let i = 0; i < 5; i++) {
    const message = await server.receive();
    if (message?.name === "POINT") expectTypeOf(message.payload.x).toEqualTypeOf<number>();
    if (message?.name === "TEXT") expectTypeOf(message.payload.value).toEqualTypeOf<string>();
    got.push(message?.name === "TEXT" ? message.payload.value : message?.payload);
  }
  expect(got).toEqual([{ x: 1, y: 2 }, { name: "v", x: 0.5 }, "grüezi", { a: [1, 2] }, "/tmp/é"]);
  await Promise.all([a.close(), b.close()]);
});
