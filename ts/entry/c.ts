/**
 * `imsg-wasm/c`: C's own functions one to one ({@link Imsgbuf}, {@link Ibuf} and
 * their like), and instances of the module: further ones, and the default one,
 * which the channels and codecs of `imsg-wasm` work in, too.
 *
 * @module
 */
export * from "../c/index.ts";
