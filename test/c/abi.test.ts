/** Compares the numbers of c-src/abi.h, which the compiler checks, with those of ts/module/abi.ts. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as abi from "../../ts/module/abi.ts";

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../c-src/${name}`, import.meta.url)), "utf8");
const header = read("abi.h");

/** The number of each line of the header, by the name that it has in TypeScript. */
function numbersOfC(): Map<string, number> {
  const lines =
    /^ABI_(NUMBER|LIMIT|WORD|SIZE|FIELD)\((\w+), (?:(\w+), )?[^;]*?, (0x[0-9a-f]+|\d+)\);$/gm;
  const found = new Map<string, number>();
  for (const [, kind, name, field, value] of header.matchAll(lines)) {
    const key =
      kind === "SIZE" ? `${name}.sizeof` : kind === "FIELD" ? `${name}.${field}` : (name ?? "");
    expect(found.has(key), key).toBe(false);
    found.set(key, Number(value));
  }
  return found;
}

/** The numbers of ts/module/abi.ts, by name. */
function numbersOfTypeScript(): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, value] of Object.entries(abi)) {
    if (typeof value === "number") found.set(name, value);
  }
  for (const [structure, fields] of Object.entries(abi.layout)) {
    for (const [field, value] of Object.entries(fields)) found.set(`${structure}.${field}`, value);
  }
  return found;
}

describe("the border between C and TypeScript", () => {
  it("has the same sizes, offsets and limits on both sides, and none that C does not check", () => {
    const c = numbersOfC();
    expect(c.size).toBe(header.match(/^ABI_\w+\(/gm)?.length);
    const sorted = (map: Map<string, number>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(numbersOfTypeScript())).toEqual(sorted(c));
  });

  it("has the limits of the fetched imsg.h", () => {
    const limits = [...header.matchAll(/^ABI_LIMIT\(\w+, (\w+), (\d+)\);$/gm)];
    expect(limits.length).toBeGreaterThan(0);
    for (const [, macro, value] of limits) {
      expect(read("upstream/imsg.h")).toMatch(new RegExp(`^#define\\s+${macro}\\s+${value}$`, "m"));
    }
  });
});
