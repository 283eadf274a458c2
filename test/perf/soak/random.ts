/** Numbers of 32 bits, the same for the same seed on every machine (xorshift128). */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    let s = (seed ^ 0x9e3779b9) >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
      return s | 1;
    });
    for (let i = 0; i < 16; i++) this.next();
  }

  /** A uint32. */
  next(): number {
    const state = this.#state;
    let t = state[3]!;
    const s = state[0]!;
    t ^= t << 11;
    t ^= t >>> 8;
    state[3] = state[2]!;
    state[2] = state[1]!;
    state[1] = s;
    state[0] = t ^ s ^ (s >>> 19);
    return state[0]!;
  }

  /** An integer from 0 to `n` - 1. */
  below(n: number): number {
    return Math.floor((this.next() / 0x100000000) * n);
  }
}
