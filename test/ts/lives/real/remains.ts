import { sleep } from "../runtime.ts";

/** Lives between two collections. */
const LIVES = 50;
/** Lives whose objects may be kept. */
const RECENT = 5;
/** Collections until an object counts as kept: some objects keep others until they are collected. */
const TRIES = 20;

/** Collects when the stack is empty, since the engine takes what stands on a stack for pointers. */
const ASYNC = { type: "major", execution: "async" };
const { gc } = globalThis as { gc?: (how: typeof ASYNC) => Promise<void> };

/** Objects of lives that are over, which nothing may keep: where the engine collects when it is asked. */
export class Remains {
  #before: WeakRef<object>[] = [];
  /** Objects of the last lives: pending events of these lives may still refer to them. */
  readonly #recent: WeakRef<object>[][] = [];
  #lives = 0;

  /** A life begins, with its objects. */
  begin(...objects: object[]): void {
    this.#recent.push(objects.map((object) => new WeakRef(object)));
    if (this.#recent.length > RECENT) this.#before.push(...this.#recent.shift()!);
  }

  /** How many objects of lives before the last ones are kept: counted every 50 lives. */
  async kept(): Promise<number> {
    if (gc === undefined || ++this.#lives % LIVES !== 0) return 0;
    for (let i = 0; i < TRIES; i++) {
      await gc(ASYNC);
      await sleep(1);
      this.#before = this.#before.filter((object) => object.deref() !== undefined);
      if (this.#before.length === 0) break;
    }
    return this.#before.length;
  }
}
