// The sets of bgpd's configuration and its RTR sessions, as the records of `bgpctl -j`.

import { CtlShowRtr } from "imsg-wasm/protocols/bgpd";
import { printAddress } from "./addresses.mjs";
import { escapedField } from "./reasons.mjs";
import { since } from "./times.mjs";

/** @import { Decoded } from "imsg-wasm/protocol" */
/** @import { CtlShowSet } from "imsg-wasm/protocols/bgpd" */
/** @import { Rtr, SetRecord } from "./types.ts" */

/** @type {Record<string, string>} */
const RTR_ERRORS = {
  CORRUPT_DATA: "Corrupt Data",
  INTERNAL_ERROR: "Internal Error",
  NO_DATA_AVAILABLE: "No Data Available",
  INVALID_REQUEST: "Invalid Request",
  UNSUPP_PROTOCOL_VERS: "Unsupported Protocol Version",
  UNSUPP_PDU_TYPE: "Unsupported PDU Type",
  UNK_REC_WDRAWL: "Withdrawal of Unknown Record",
  DUP_REC_RECV: "Duplicate Announcement Received",
  UNEXP_PROTOCOL_VERS: "Unexpected Protocol Version",
};
const lastSent = escapedField(CtlShowRtr, "last_sent_msg");
const lastReceived = escapedField(CtlShowRtr, "last_recv_msg");

/**
 * A set of the configuration or of RTR's.
 *
 * @param {Decoded<typeof CtlShowSet>} set
 * @param {number} now the monotonic clock of the daemon's machine, in seconds
 * @returns {SetRecord}
 */
export function setRecord({ name, type, lastchange, v4_cnt, v6_cnt, as_cnt }, now) {
  const [last_change, last_change_sec] = since(lastchange, now);
  return {
    name,
    type: typeof type === "number" ? "BULA" : type,
    last_change,
    last_change_sec,
    ...(type === "ASNUM" || type === "ASPA"
      ? { num_ASnum: as_cnt }
      : { num_IPv4: v4_cnt, num_IPv6: v6_cnt }),
  };
}

/** @param {string | number} error */
const rtrError = (error) =>
  RTR_ERRORS[error] ?? `unknown ${typeof error === "number" ? error >>> 0 : error}`;

/**
 * An RTR session, from which ROAs and ASPAs come.
 *
 * @param {Decoded<typeof CtlShowRtr>} rtr
 * @param {Uint8Array} bytes the payload: a message may be no UTF-8
 * @returns {Rtr}
 */
export function rtrSession(rtr, bytes) {
  const { last_sent_error: sent, last_recv_error: received } = rtr;
  const [sentText, receivedText] = [lastSent(bytes), lastReceived(bytes)];
  const [wasSent, wasReceived] = [sent !== "NO_ERROR", received !== "NO_ERROR"];
  return {
    ...(rtr.descr !== "" && { descr: rtr.descr }),
    remote_addr: printAddress(rtr.remote_addr),
    remote_port: rtr.remote_port,
    ...(rtr.local_addr !== "" && { local_addr: printAddress(rtr.local_addr) }),
    state: rtr.state,
    ...(rtr.session_id !== -1 && {
      version: rtr.version,
      minimal_version: rtr.min_version,
      session_id: rtr.session_id,
      serial: rtr.serial,
    }),
    refresh: rtr.refresh,
    retry: rtr.retry,
    expire: rtr.expire,
    ...(wasSent && { last_sent_error: rtrError(sent) }),
    ...(wasSent && sentText !== "" && { last_sent_msg: sentText }),
    ...(wasReceived && { last_recv_error: rtrError(received) }),
    ...(wasReceived && receivedText !== "" && { last_recv_msg: receivedText }),
  };
}
