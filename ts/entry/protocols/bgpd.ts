/**
 * `imsg-wasm/protocols/bgpd`: OpenBGPD 8.8's control socket: the protocol ({@link bgpd}), its structures and numbers.
 *
 * @module
 */

export * from "../../protocols/bgpd/index.ts";
