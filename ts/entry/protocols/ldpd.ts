/**
 * `imsg-wasm/protocols/ldpd`: The control socket of FRR 8.4's ldpd ({@link ldpd}) and its structures.
 *
 * @module
 */

export * from "../../protocols/ldpd.ts";
