/**
 * `imsg-wasm/c`: C's own functions one to one ({@link Imsgbuf}, {@link Ibuf} and
 * the others), and instances of the module. The codecs and channels of
 * `imsg-wasm` use the default instance unless their options name another.
 *
 * @module
 */
export * from "../c/index.ts";
