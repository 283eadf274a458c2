import { describe, expect, it } from "vitest";
import type { ImsgInstance } from "../../../ts/c/index.ts";
import type { RawExports } from "../../../ts/module/exports.ts";
import { builds, fresh } from "./helpers.ts";
import { Scope, scenarios } from "./scenarios.ts";

type Calls = Record<string, (...args: unknown[]) => unknown>;

/**
 * Makes memory move before and after every call into the module: its buffer is
 * replaced, which detaches all views, and a page of it is taken.
 */
function restless(instance: ImsgInstance): { moves: number } {
  const { engine } = instance;
  const { exports } = engine;
  const { memory, malloc } = exports;
  const count = { moves: 0 };
  const move = (): void => {
    const before = memory.buffer;
    memory.grow(0);
    if (before.byteLength === 0 && memory.buffer !== before) count.moves++;
    if (count.moves % 16 === 0) malloc(65536);
  };
  const moving = (f: (...args: unknown[]) => unknown) => {
    return (...args: unknown[]): unknown => {
      move();
      try {
        return f(...args);
      } finally {
        move();
      }
    };
  };
  const call = engine.call as unknown as Calls;
  for (const [name, f] of Object.entries(call)) call[name] = moving(f);
  const moved: Record<string, unknown> = { ...exports };
  for (const [name, f] of Object.entries(exports)) {
    if (typeof f === "function") moved[name] = moving(f as (...args: unknown[]) => unknown);
  }
  (engine as { exports: RawExports }).exports = moved as unknown as RawExports;
  return count;
}

describe.each(builds)("in the %s module, memory that moves at every call", (_, module) => {
  it.each(Object.entries(scenarios))("does not disturb %s", async (_name, scenario) => {
    const instance = fresh(module);
    const count = restless(instance);
    const before = instance.stats().memoryBytes;
    for (let i = 0; i < 3; i++) {
      const scope = new Scope(instance);
      try {
        await scenario(scope);
      } finally {
        scope.end();
      }
    }
    expect(count.moves).toBeGreaterThan(10);
    expect(instance.stats().memoryBytes).toBeGreaterThanOrEqual(before);
    expect(Object.values(instance.stats().objects).every((n) => n === 0)).toBe(true);
  });
});

describe.each(Object.entries(scenarios))("%s", (_, scenario) => {
  it("leaves nothing behind, and the same again and again", async () => {
    const instance = fresh();
    for (let i = 0; i < 3; i++) {
      const scope = new Scope(instance);
      await scenario(scope);
      scope.end();
      instance.assertNoLeaks();
    }
  });
});
