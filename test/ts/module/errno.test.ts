import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { expect, it } from "vitest";
import { type ErrnoName, errnoName, errnoNumber } from "../../../ts/module/errno.ts";

const header = readFileSync("c-src/include/bits/errno.h", "utf8");
const macros = [...header.matchAll(/^#define (\w+)\s+(\d+)$/gm)].map(
  ([, name, number]) => [name as ErrnoName, Number(number)] as const,
);

it("the numbers of errno that C is compiled with are those of ts/module/errno.ts", () => {
  expect(macros.length).toBe(20);
  for (const [name, number] of macros) {
    expect(errnoNumber(name)).toBe(number);
    expect(errnoName(number)).toBe(name);
  }
});

it.runIf(process.platform === "linux")("they are Linux's", () => {
  const { errno } = constants as { errno: Record<string, number> };
  for (const [name, number] of macros) expect(errno[name]).toBe(number);
});
