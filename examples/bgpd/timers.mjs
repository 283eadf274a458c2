// The timers of neighbors and RTR sessions.

/** @import { Decoded } from "imsg-wasm/protocol" */
/** @import { CtlTimer } from "imsg-wasm/protocols/bgpd" */
/** @import { Timer } from "./types.ts" */
/** @typedef {Decoded<typeof CtlTimer>} TimerFields */

/** bgpctl's names; the timer None is none. */
/** @type {Record<string, string>} */
const TIMERS = {
  ConnectRetry: "ConnectRetryTimer",
  Keepalive: "KeepaliveTimer",
  Hold: "HoldTimer",
  SendHold: "SendHoldTimer",
  IdleHold: "IdleHoldTimer",
  IdleHoldReset: "IdleHoldResetTimer",
  CarpUndemote: "CarpUndemoteTimer",
  RestartTimeout: "RestartTimer",
  SessionDown: "SessionDownTimer",
  Rtr_Refresh: "RTR RefreshTimer",
  Rtr_Retry: "RTR RetryTimer",
  Rtr_Expire: "RTR ExpireTimer",
  Rtr_Active: "RTR ActiveTimer",
};

/**
 * A running timer; undefined for one that bgpctl does not know.
 *
 * @param {TimerFields} timer
 * @returns {Timer | undefined}
 */
export function timer({ type, val }) {
  const name = TIMERS[type];
  return name === undefined ? undefined : { name, due: val };
}
