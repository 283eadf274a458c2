/**
 * `imsg-wasm/protocols/smtpd`: OpenSMTPD's control socket, of 6.8 ({@link smtpd68}) and 7.4 ({@link smtpd74}).
 *
 * @module
 */

export * from "../../protocols/smtpd/index.ts";
