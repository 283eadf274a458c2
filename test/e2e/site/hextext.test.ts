import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOfText, TextError } from "../../../site/src/hextext.ts";
import { hexdump } from "../../../ts/cli/format.ts";
import { toHex } from "../../../ts/inspect/fields.ts";

const plainColors = new Proxy({}, { get: () => (text: string) => text }) as Parameters<
  typeof hexdump
>[1];

/** Bytes of which many are equal, so that dumps fold lines. */
const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 100 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 16, max: 200 }))
    .map(([start, zeros]) => Uint8Array.from([...start, ...new Uint8Array(zeros), 1])),
);

const WAYS: Record<string, (data: Uint8Array) => string> = {
  "hex digits": toHex,
  "hex in capitals": (data) => toHex(data).toUpperCase(),
  "pairs with spaces": (data) => toHex(data).replace(/../g, "$& "),
  "pairs in lines of 16": (data) =>
    toHex(data)
      .replace(/(..)/g, "$1 ")
      .replace(/(.{48})/g, "$1\n"),
  "bytes of C": (data) =>
    `{ ${Array.from(data, (byte) => `0x${toHex(Uint8Array.of(byte))}`).join(", ")} }`,
  "escapes of a string": (data) => toHex(data).replace(/../g, "\\x$&"),
  "colons between": (data) => toHex(data).match(/../g)!.join(":"),
  base64: (data) => Buffer.from(data).toString("base64"),
  base64url: (data) => Buffer.from(data).toString("base64url"),
  "base64 in lines": (data) => Buffer.from(data).toString("base64").replace(/.{64}/g, "$&\n"),
  "the hexdump of imsg dump": (data) => hexdump(data, plainColors, { margin: "", bytes: 16 }),
};

/** Whether base64 could also be hex digits, or hex digits with a wrong one. */
const isAmbiguous = (text: string): boolean =>
  !text.endsWith("=") && (text.match(/[G-Zg-z+/_-]/g) ?? []).length < 3;

describe("text", () => {
  it.each(Object.entries(WAYS))("holds the bytes that were written as %s", (way, write) => {
    fc.assert(
      fc.property(bytes, (data) => {
        const text = write(data);
        fc.pre(!way.startsWith("base64") || !isAmbiguous(text));
        expect(toHex(bytesOfText(text))).toBe(toHex(data));
      }),
    );
  });

  it.each([
    [
      "xxd",
      "00000000: 0d00 0000 1000 0000 0000 0000 b92f 0000  ............./..\n00000010: 4142                                     AB\n",
    ],
    [
      "hexdump -C",
      "00000000  0d 00 00 00 10 00 00 00  00 00 00 00 b9 2f 00 00  |............./..|\n00000010  41 42                                             |AB|\n00000012\n",
    ],
    [
      "od -A x -t x1",
      "000000 0d 00 00 00 10 00 00 00 00 00 00 00 b9 2f 00 00\n000010 41 42\n000012\n",
    ],
  ])("holds the bytes that %s has dumped", (_, text) => {
    expect(toHex(bytesOfText(text))).toBe("0d0000001000000000000000b92f00004142");
  });

  it("holds the bytes of lines that hexdump has folded", () => {
    const text =
      "00000000  01 02 03 04 05 06 07 08  01 02 03 04 05 06 07 08  |................|\n*\n00000030  ff                                                |.|\n00000031\n";
    expect(toHex(bytesOfText(text))).toBe(`${"0102030405060708".repeat(6)}ff`);
  });

  it.each([
    ["", /The text is empty/],
    ["0d 00\n0x1g", /Line 2 holds “g”/],
    ["abc", /There are 3 hexadecimal digits: two make a byte/],
    ["0d0000001000000g", /Line 1 holds “g”/],
    ["hello, world", /Line 1 holds “h”/],
    ["00000000  01 02\n00000010  03", /2 bytes stand before the line of the offset 00000010/],
  ])("without bytes is refused: %j", (text, message) => {
    expect(() => bytesOfText(text)).toThrow(TextError);
    expect(() => bytesOfText(text)).toThrow(message);
  });
});
