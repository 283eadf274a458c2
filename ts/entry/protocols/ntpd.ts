/**
 * `imsg-wasm/protocols/ntpd`: OpenNTPD 6.2's control socket ({@link ntpd}) and its structures.
 *
 * @module
 */

export * from "../../protocols/ntpd.ts";
