import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  fromFragment,
  LONGEST_FRAGMENT,
  type Shared,
  toFragment,
} from "../../../site/src/fragment.ts";

const text = fc.string({ unit: "binary", maxLength: 50 });
const shared: fc.Arbitrary<Shared> = fc.record(
  {
    data: fc.uint8Array({ maxLength: 300 }) as fc.Arbitrary<Uint8Array<ArrayBuffer>>,
    dialect: fc.constantFrom("current" as const, "classic" as const),
    protocol: fc.constantFrom("none", "bgpd", "tmux"),
    maxSize: fc.integer({ min: 16, max: 0x7fffffff }),
    message: fc.integer({ min: 1, max: 1e6 }),
    byte: fc.integer({ min: 1, max: 1e6 }),
    view: fc.constantFrom("inspect" as const, "compose" as const),
    compose: fc.record({ type: text, peerid: text, pid: text, way: text, as: text, payload: text }),
  },
  { requiredKeys: ["dialect", "protocol", "view"] },
);

it("a fragment brings back every state", async () => {
  await fc.assert(
    fc.asyncProperty(shared, async (state) => {
      const fragment = await toFragment(state);
      expect(fragment.complete).toBe(true);
      expect(fragment.length).toBe(fragment.text.length);
      const found = await fromFragment(`#${fragment.text}`);
      const usual = { dialect: "current", protocol: "none", view: "inspect" };
      expect(found ?? usual).toEqual(state);
    }),
  );
});

it("a fragment without room for the bytes has the settings alone, and says how long it would be", async () => {
  const data = new Uint8Array(randomBytes(LONGEST_FRAGMENT));
  const state = { data, dialect: "classic", protocol: "bgpd", view: "inspect" } as const;
  const fragment = await toFragment(state);
  expect(fragment.complete).toBe(false);
  expect(fragment.length).toBeGreaterThan(LONGEST_FRAGMENT);
  const { data: _, ...settings } = state;
  expect(await fromFragment(fragment.text)).toEqual(settings);
});

it("any text behind the # is a state or an error in plain words", async () => {
  const keys = fc.constantFrom("data", "compose", "dialect", "max", "message", "byte", "view", "x");
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(keys, text)), async (pairs) => {
      const fragment = new URLSearchParams(pairs).toString();
      try {
        const found = await fromFragment(fragment);
        expect(found === undefined).toBe(pairs.length === 0);
      } catch (error) {
        expect((error as Error).message).toMatch(/^The link (is damaged|unpacks)/);
      }
    }),
  );
});
