import fc from "fast-check";
import { macrotask } from "./runtime.ts";
import type { SignalChoice } from "./sending.ts";
import type { World } from "./world.ts";

/** The wait after an action: none, for the microtasks, or for everything that needs no time. */
export type Then = "at once" | "soon" | "rest";

/** One step of a life. */
class Step<T> implements fc.AsyncCommand<World, World> {
  constructor(
    readonly name: string,
    readonly given: T,
    readonly then: Then,
    readonly can: (world: World) => boolean,
    readonly act: (world: World, given: T) => void | Promise<void>,
  ) {}

  check(world: Readonly<World>): boolean {
    return this.can(world as World);
  }

  async run(world: World): Promise<void> {
    world.steps++;
    let done: unknown;
    world.act(() => {
      done = this.act(world, this.given);
    });
    await done;
    if (this.then === "soon") await macrotask();
    if (this.then === "rest") await world.rest();
  }

  toString(): string {
    return `${this.name}(${JSON.stringify(this.given)}), then ${this.then}`;
  }
}

const always = (): boolean => true;
const then = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Then>("rest") },
  { weight: 1, arbitrary: fc.constantFrom<Then>("at once", "soon") },
);

/**
 * Makes the arbitrary of one step. `given` has the arbitraries of the arguments of `act`; `can`
 * decides whether a world allows the step.
 */
export function step<T>(
  name: string,
  given: { [K in keyof T]: fc.Arbitrary<T[K]> },
  act: (world: World, given: T) => void | Promise<void>,
  can: (world: World) => boolean = always,
): fc.Arbitrary<fc.AsyncCommand<World, World>> {
  return fc
    .tuple(fc.record(given) as fc.Arbitrary<T>, then)
    .map(([values, next]) => new Step(name, values, next, can, act));
}

export const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 4079, 4080, 4096, 4097, 5000, -1, -2) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
);
export const sizes = fc.array(size, { maxLength: 6 });
export const manySizes = fc.oneof(
  { weight: 6, arbitrary: sizes },
  // more than one window of the stream, or more descriptors than may wait
  {
    weight: 1,
    arbitrary: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 20, maxLength: 40 }),
  },
);
export const signal = fc.oneof(
  { weight: 6, arbitrary: fc.constant<SignalChoice>("none") },
  { weight: 2, arbitrary: fc.constant<SignalChoice>("fresh") },
  { weight: 1, arbitrary: fc.constant<SignalChoice>("aborted") },
);
export const rarely = fc.oneof(
  { weight: 4, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);
export const cuts = fc.array(
  fc.oneof(
    fc.constantFrom(1, 15, 16, 17, 511, 512, 4096, 65_536),
    fc.integer({ min: 1, max: 9000 }),
  ),
  { maxLength: 5 },
);
export const milliseconds = fc.constantFrom(0, 1, 10, 99, 100, 101, 1000, 5000, 5001);
