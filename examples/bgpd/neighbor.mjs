// A neighbor: the biggest of bgpd's structures.

import { Peer } from "imsg-wasm/protocols/bgpd";
import { printAddress, routerId } from "./addresses.mjs";
import { escapedField, notification } from "./reasons.mjs";
import { families } from "./records.mjs";
import { since } from "./times.mjs";

/** @import { Decoded } from "imsg-wasm/protocol" */
/** @import { Capabilities as BgpdCapabilities } from "imsg-wasm/protocols/bgpd" */
/** @import { Capabilities, MessageCounts, Neighbor, NeighborConfig, NeighborSession, NeighborStats, NeighborSummary, SessionEnd } from "./types.ts" */

/** @typedef {Decoded<typeof Peer>} PeerFields */
/** @typedef {Decoded<typeof BgpdCapabilities>} CapabilityFields */

/** @type {Record<string, string>} */
const STATES = {
  NONE: "None",
  IDLE: "Idle",
  CONNECT: "Connect",
  ACTIVE: "Active",
  OPENSENT: "OpenSent",
  OPENCONFIRM: "OpenConfirm",
  ESTABLISHED: "Established",
};
const SESSION = ["OPENSENT", "OPENCONFIRM", "ESTABLISHED"];
/** bgpctl's words for how a session is authenticated, its comma included. */
/** @type {Record<string, string>} */
const AUTHENTICATION = {
  MD5SIG: ", using md5sig",
  IPSEC_MANUAL_ESP: ", using ipsec manual esp",
  IPSEC_MANUAL_AH: ", using ipsec manual ah",
  IPSEC_IKE_ESP: ", using ipsec ike esp",
  IPSEC_IKE_AH: ", using ipsec ike ah",
};
const myReason = escapedField(Peer, "conf.reason");
const lastReason = escapedField(Peer, "stats.last_reason");
const MODES = ["", "recv", "send", "bidir"];
const GRACEFUL = { present: 1, restart: 2, forward: 4 };

/** A role of RFC 9234 as bgpctl writes it. */
const role = (/** @type {string | number} */ name) =>
  typeof name === "string" ? name.toLowerCase().replace("_", "-") : "unknown";

/**
 * Returns the capabilities of a BGP speaker; undefined if it has announced none.
 *
 * @param {CapabilityFields} fields
 * @returns {Capabilities | undefined}
 */
function capabilities({ grestart, mp, add_path, refresh, as4byte, enhanced_rr, policy, ext_msg }) {
  const graceful = families(grestart.flags).filter(({ value }) => value & GRACEFUL.present);
  const multiprotocol = families(mp).map(({ family }) => family);
  const addPath = families(add_path);
  const restart = grestart.restart !== 0;
  const any = restart || refresh || enhanced_rr || as4byte;
  if (!any && multiprotocol.length === 0 && addPath.length === 0) return undefined;
  return {
    as4byte: as4byte !== 0,
    refresh: refresh !== 0,
    enhanced_refresh: enhanced_rr !== 0,
    extended_message: ext_msg !== 0,
    ...(multiprotocol.length > 0 && { multiprotocol }),
    ...(restart && {
      graceful_restart: {
        eor: true,
        restart: ((graceful[0]?.value ?? 0) & GRACEFUL.restart) !== 0,
        ...(grestart.timeout !== 0 && { timeout: grestart.timeout }),
        ...(grestart.grnotification !== 0 && { graceful_notification: true }),
        ...(graceful.length > 0 && {
          protocols: graceful.map(({ family, value }) => ({
            family,
            preserved: (value & GRACEFUL.forward) !== 0,
          })),
        }),
      },
    }),
    ...(addPath.length > 0 && {
      "add-path": addPath.map(({ family, value }) => ({
        family,
        mode: MODES[value] ?? `unknown ${value}`,
      })),
    }),
    ...(policy !== 0 && { open_policy: policy === 2 ? "enforce" : "present" }),
  };
}

/** An object with capabilities, if there are any. */
const withCapabilities = (/** @type {CapabilityFields} */ fields) => {
  const found = capabilities(fields);
  return found === undefined ? {} : { capabilities: found };
};

/**
 * @param {PeerFields} peer
 * @returns {NeighborConfig}
 */
function config({ conf, template, auth_conf }) {
  const multihop = conf.ebgp && conf.distance > 1;
  const { max_prefix, max_prefix_restart, max_out_prefix, max_out_prefix_restart } = conf;
  return {
    template: conf.template,
    // a pointer of the daemon's: only whether there is one means something
    cloned: template !== 0n,
    passive: conf.passive,
    down: conf.down,
    multihop,
    ...(multihop && { multihop_distance: conf.distance }),
    ...(max_prefix !== 0 && { max_prefix }),
    ...(max_prefix !== 0 && max_prefix_restart !== 0 && { max_prefix_restart }),
    ...(max_out_prefix !== 0 && { max_out_prefix }),
    ...(max_out_prefix !== 0 && max_out_prefix_restart !== 0 && { max_out_prefix_restart }),
    ...(auth_conf.method !== "NONE" && {
      authentication: AUTHENTICATION[auth_conf.method] ?? "",
    }),
    ttl_security: conf.ttlsec,
    holdtime: conf.holdtime,
    min_holdtime: conf.min_holdtime,
    ...(conf.ebgp && conf.role !== "NONE" && { role: role(conf.role) }),
    ...withCapabilities(conf.capabilities),
  };
}

/**
 * @param {number} open
 * @param {number} updates
 * @param {number} notifications
 * @param {number} keepalives
 * @param {number} route_refresh
 * @returns {MessageCounts}
 */
const messages = (open, updates, notifications, keepalives, route_refresh) => ({
  open,
  notifications,
  updates,
  keepalives,
  route_refresh,
  total: open + updates + notifications + keepalives + route_refresh,
});

/**
 * @param {PeerFields["stats"]} s
 * @param {number} now
 * @returns {NeighborStats}
 */
function stats(s, now) {
  const [last_read, last_read_sec] = since(s.last_read, now);
  const [last_write, last_write_sec] = since(s.last_write, now);
  return {
    last_read,
    last_read_sec,
    last_write,
    last_write_sec,
    prefixes: { sent: s.prefix_out_cnt, received: s.prefix_cnt },
    message: {
      sent: messages(
        s.msg_sent_open,
        s.msg_sent_update,
        s.msg_sent_notification,
        s.msg_sent_keepalive,
        s.msg_sent_rrefresh,
      ),
      received: messages(
        s.msg_rcvd_open,
        s.msg_rcvd_update,
        s.msg_rcvd_notification,
        s.msg_rcvd_keepalive,
        s.msg_rcvd_rrefresh,
      ),
    },
    update: {
      sent: {
        updates: s.prefix_sent_update,
        withdraws: s.prefix_sent_withdraw,
        eor: s.prefix_sent_eor,
      },
      received: {
        updates: s.prefix_rcvd_update,
        withdraws: s.prefix_rcvd_withdraw,
        eor: s.prefix_rcvd_eor,
      },
      pending: { updates: s.pending_update, withdraws: s.pending_withdraw },
    },
    "route-refresh": {
      sent: { request: s.refresh_sent_req, borr: s.refresh_sent_borr, eorr: s.refresh_sent_eorr },
      received: {
        request: s.refresh_rcvd_req,
        borr: s.refresh_rcvd_borr,
        eorr: s.refresh_rcvd_eorr,
      },
    },
  };
}

/**
 * Both ends of a session that has begun.
 *
 * @param {PeerFields} peer
 * @returns {NeighborSession}
 */
function session(peer) {
  const { conf, capa, holdtime } = peer;
  const end = (
    /** @type {PeerFields["local"]} */ address,
    /** @type {number} */ port,
    /** @type {CapabilityFields} */ fields,
  ) =>
    /** @type {SessionEnd} */ ({
      address: printAddress(address),
      port,
      ...withCapabilities(fields),
    });
  return {
    holdtime,
    keepalive: Math.floor(holdtime / 3),
    local: end(peer.local, peer.local_port, capa.ann),
    remote: end(peer.remote, peer.remote_port, capa.peer),
    ...withCapabilities(capa.neg),
    ...(conf.ebgp &&
      conf.role !== "NONE" && {
        remote_role: peer.remote_role === "NONE" ? "unknown" : role(peer.remote_role),
        local_role: role(conf.role),
      }),
  };
}

/**
 * A neighbor and the state of its session.
 *
 * @param {PeerFields} peer
 * @param {number} now the monotonic clock of the daemon's machine, in seconds
 * @returns {NeighborSummary}
 */
export function neighborSummary(peer, now) {
  const { conf, state } = peer;
  const address = printAddress(conf.remote_addr);
  const [last_updown, last_updown_sec] = since(peer.stats.last_updown, now);
  return {
    remote_as: String(conf.remote_as),
    ...(conf.descr !== "" && { description: conf.descr }),
    ...(conf.group !== "" && { group: conf.group }),
    remote_addr: conf.template ? `${address}/${conf.remote_masklen}` : address,
    ...(state === "ESTABLISHED" && { bgpid: routerId(peer.remote_bgpid) }),
    state: STATES[state] ?? `state ${state}`,
    last_updown,
    last_updown_sec,
  };
}

/**
 * A neighbor, with its configuration, counters and session.
 *
 * @param {PeerFields} peer
 * @param {number} now the monotonic clock of the daemon's machine, in seconds
 * @param {Uint8Array} bytes the payload: a reason may be no UTF-8
 * @returns {Neighbor}
 */
export function neighbor(peer, now, bytes) {
  const { stats: s } = peer;
  const [my_shutdown_reason, last_shutdown_reason] = [myReason(bytes), lastReason(bytes)];
  const last_error_sent = notification(s.last_sent_errcode, s.last_sent_suberr);
  const last_error_received = notification(s.last_rcvd_errcode, s.last_rcvd_suberr);
  return {
    ...neighborSummary(peer, now),
    config: config(peer),
    stats: stats(s, now),
    ...(my_shutdown_reason !== "" && { my_shutdown_reason }),
    ...(last_shutdown_reason !== "" && { last_shutdown_reason }),
    ...(last_error_sent !== undefined && { last_error_sent }),
    ...(last_error_received !== undefined && { last_error_received }),
    ...(SESSION.includes(String(peer.state)) && { session: session(peer) }),
  };
}
