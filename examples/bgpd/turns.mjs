// The order of requests on a connection, and the meanings of bgpd's refusals.

import { ProtocolError } from "imsg-wasm/protocol";
import { result } from "imsg-wasm/protocols/bgpd";

/** bgpctl's words for refusals, by the daemon's own numbers. */
const REFUSALS = [
  "no error",
  "no such neighbor",
  "permission denied",
  "neighbor does not have this capability",
  "config file has errors, reload failed",
  "previous reload still running",
  "out of memory",
  "not a cloned peer",
  "peer still active, down peer first",
  "no such RIB",
  "operation not supported",
];

/** bgpd's refusal of a request. */
export class BgpdError extends Error {
  /**
   * @param {string} text
   * @param {number} code the daemon's own number
   */
  constructor(text, code) {
    super(text);
    this.name = "BgpdError";
    this.code = code;
  }

  /** The document that `bgpctl -j` prints instead of the requested one. */
  get document() {
    const error = REFUSALS[this.code] ?? `unknown error ${this.code}`;
    return { status: "FAILED", error };
  }
}

/** Converts bgpd's refusal to a BgpdError; returns any other error unchanged. */
function translated(/** @type {unknown} */ error) {
  if (!(error instanceof ProtocolError) || error.reply !== "RESULT") return error;
  const { code } = /** @type {{ code: keyof typeof result | number }} */ (error.payload);
  return new BgpdError(error.message, typeof code === "number" ? code : result[code]);
}

/** Runs pieces of work on a connection one after the other, because a reply does not name its request. */
export class Turns {
  #last = Promise.resolve();

  /**
   * Waits for the work before, and returns the function that lets the next one begin.
   *
   * @returns {Promise<() => void>}
   */
  async #take() {
    const before = this.#last;
    let done = () => {};
    this.#last = new Promise((resolve) => {
      done = () => resolve(undefined);
    });
    await before;
    return done;
  }

  /**
   * Does some work in its turn. Rejects with a BgpdError if bgpd refuses it.
   *
   * @template T
   * @param {() => Promise<T>} work
   */
  async alone(work) {
    const done = await this.#take();
    try {
      return await work();
    } catch (error) {
      throw translated(error);
    } finally {
      done();
    }
  }

  /**
   * A listing in its turn, which begins when the first record is asked for. Throws a BgpdError if
   * bgpd refuses it.
   *
   * @template T
   * @param {() => AsyncIterable<T>} listing
   */
  async *listing(listing) {
    const done = await this.#take();
    try {
      yield* listing();
    } catch (error) {
      throw translated(error);
    } finally {
      done();
    }
  }
}
