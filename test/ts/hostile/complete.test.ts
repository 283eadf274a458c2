/** Every function of the package that takes an argument is one that hostile arguments are thrown at. */
import { describe, expect, it } from "vitest";
import { calls as channelCalls, objectCalls as channelObjects } from "./channel-calls.ts";
import { bytesCalls, cCalls, objectCalls } from "./codec-calls.ts";
import { calls as protocolCalls, objectCalls as protocolObjects } from "./protocol-calls.ts";
import { surface } from "./surface.ts";

/** The names of C's objects in `cCalls` begin with a small letter. */
const titled = (name: string): string => name.replace(/^[a-z]/, (letter) => letter.toUpperCase());
const attacked = new Set([
  ...cCalls.map(({ name }) =>
    titled(name)
      .replace(/^Instance/, "ImsgInstance")
      .replace(/^Codec/, "ImsgCodec"),
  ),
  ...[
    bytesCalls,
    objectCalls,
    channelCalls,
    channelObjects,
    protocolCalls,
    protocolObjects,
  ].flatMap((list) => (list as readonly (readonly [string, unknown])[]).map(([name]) => name)),
]);

/** Functions without an attack, and why. */
const EXCLUDED: readonly [pattern: RegExp, reason: string][] = [
  [/\.isError$/, "it is Error's own, in newer engines"],
  [
    /^(ProtocolError|FieldError)$/,
    "the library makes these errors, and their constructors keep what they get",
  ],
  [
    /^(Layout\.(under|resolve)|Protocol\.(under|on|describe)|array|asNumber|bytes|chars|convert|defineProtocol|enumeration|flags|optional|struct|text|trailing|union)$/,
    "the program describes its protocol with it, before any peer or caller has sent a value",
  ],
  [/^(parse|print)(IPv4|IPv6|AsPath)$/, "it turns text into text, and has no state"],
];

/** The entries whose functions need another runtime: test/ts/transports/arguments.test.ts runs them there. */
const ELSEWHERE = ["./deno", "./bun"];

describe("hostile arguments", () => {
  const entries = surface();

  it("are thrown at every function of every entry, by the declarations that are packed", () => {
    const missing = [...entries].flatMap(([entry, names]) =>
      ELSEWHERE.includes(entry)
        ? []
        : names.filter(
            (name) => !attacked.has(name) && !EXCLUDED.some(([pattern]) => pattern.test(name)),
          ),
    );
    expect([...new Set(missing)]).toEqual([]);
    expect([...entries.values()].flat().length).toBeGreaterThan(200);
  });

  it("are thrown at functions that exist", () => {
    const known = new Set([...entries.values()].flat());
    const unknown = [...attacked].filter((name) => !known.has(name));
    // constructors of interfaces, getters and chunks have no signature of their own
    expect(unknown.sort()).toEqual(["ImsgChannel.writable", "a chunk of a stream"]);
  });
});
