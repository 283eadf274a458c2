import type { ImsgInstance } from "../../../ts/c/index.ts";
import { wire } from "../c/helpers.ts";
import { index } from "./library.ts";
import { Thrown } from "./values.ts";

const { ImsgCodec, ImsgError } = index;

/** The bytes that fill the memory of the neighbours. */
export const SECRET = 0xa5;

/** Users of the same instance, whose contents no call may change or show. */
export class Neighbours {
  readonly #instance: ImsgInstance;
  readonly #decoder;
  readonly #encoder;
  readonly #ibuf;
  readonly #message = wire(7, new Uint8Array(1000).fill(SECRET));

  constructor(instance: ImsgInstance) {
    this.#instance = instance;
    this.#decoder = new ImsgCodec({ instance });
    this.#encoder = new ImsgCodec({ instance });
    this.#ibuf = instance.Ibuf.dynamic(0, 1000);
    this.#ibuf.add(new Uint8Array(900).fill(SECRET));
    this.#decoder.push(this.#message.slice(0, 700));
  }

  /** Throws unless everything is as it was; begins anew. */
  check(): void {
    const [received] = this.#decoder.push(this.#message.slice(700));
    this.#decoder.push(this.#message.slice(0, 700));
    if (!received!.data.every((byte) => byte === SECRET)) throw new Error("a message was changed");
    if (!this.#ibuf.data().every((byte) => byte === SECRET)) throw new Error("an ibuf was changed");
    const sent = this.#encoder.encode({ type: 7, pid: 1, data: this.#ibuf.data() });
    if (Buffer.compare(sent, wire(7, this.#ibuf.data())) !== 0) throw new Error("wrong bytes");
  }

  dispose(): void {
    this.#decoder.dispose();
    this.#encoder.dispose();
    this.#ibuf.dispose();
    this.#instance.assertNoLeaks();
  }
}

/** Returns an error that a call may throw: an ImsgError, or what the caller's own code has thrown. Throws any other. */
export function allowed(error: unknown): unknown {
  if (error instanceof ImsgError && error.code !== "ERR_IMSG_TRAPPED") return error;
  if (error instanceof Thrown) return error;
  throw new Error(`not an ImsgError: ${String(error)}`, { cause: error });
}

/** Runs a call, and returns its result or the error that it may throw. */
export function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return allowed(error);
  }
}

/** Waits for a promise, which must settle soon, with a result or an error that is allowed. */
export async function settles(result: unknown): Promise<void> {
  if (typeof (result as Promise<unknown> | undefined)?.then !== "function") return;
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it did not settle")), 20_000);
  });
  const settled = (result as Promise<unknown>).then(
    () => {},
    (error) => void allowed(error),
  );
  await Promise.race([settled, late]);
  clearTimeout(timer!);
}
