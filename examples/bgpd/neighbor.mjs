// A neighbor: the biggest of bgpd's structures, 2,144 bytes.

import { families } from "./records.mjs";
import { read } from "./struct.mjs";
import { since } from "./times.mjs";

/** @import { Capabilities, MessageCounts, Neighbor, NeighborConfig, NeighborSession, NeighborStats, SessionEnd } from "./types.ts" */
/** @import { Struct } from "./struct.mjs" */

const STATES = ["None", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"];
const ROLES = ["unknown", "customer", "provider", "rs", "rs-client", "peer"];
const MODES = ["", "recv", "send", "bidir"];

/** Offsets of the parts of the structure. */
const STATS = 816;
const CAPABILITIES = { configured: 216, announced: 1328, received: 1370, negotiated: 1412 };
const GRACEFUL = { present: 1, restart: 2, forward: 4 };

/**
 * What a BGP speaker can do; undefined if it says nothing.
 *
 * @param {Struct} s
 * @param {number} at
 * @returns {Capabilities | undefined}
 */
function capabilities(s, at) {
  const timeout = s.u16(at);
  const graceful = families(s.bytes(at + 2, 8)).filter(({ value }) => value & GRACEFUL.present);
  const [restart, notification] = [s.flag(at + 10), s.flag(at + 11)];
  const multiprotocol = families(s.bytes(at + 12, 8)).map(({ family }) => family);
  const addPath = families(s.bytes(at + 20, 8));
  const [refresh, as4byte, enhanced] = [s.flag(at + 36), s.flag(at + 37), s.flag(at + 38)];
  const [policy, extended] = [s.u8(at + 39), s.flag(at + 40)];
  const any = restart || refresh || enhanced || as4byte;
  if (!any && multiprotocol.length === 0 && addPath.length === 0) return undefined;
  return {
    as4byte,
    refresh,
    enhanced_refresh: enhanced,
    extended_message: extended,
    ...(multiprotocol.length > 0 && { multiprotocol }),
    ...(restart && {
      graceful_restart: {
        eor: true,
        restart: graceful.length > 0 && (graceful[0].value & GRACEFUL.restart) !== 0,
        ...(timeout !== 0 && { timeout }),
        ...(notification && { graceful_notification: true }),
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
const withCapabilities = (/** @type {Struct} */ s, /** @type {number} */ at) => {
  const found = capabilities(s, at);
  return found === undefined ? {} : { capabilities: found };
};

/**
 * @param {Struct} s
 * @returns {NeighborConfig}
 */
function config(s) {
  const [maxPrefix, maxOutPrefix] = [s.u32(768), s.u32(772)];
  const role = s.u32(788);
  const [maxRestart, maxOutRestart] = [s.u16(792), s.u16(794)];
  const [external, distance] = [s.flag(808), s.u8(809)];
  const multihop = external && distance > 1;
  return {
    template: s.flag(806),
    // a pointer of the daemon's: only whether there is one means something
    cloned: s.i64(2080) !== 0,
    passive: s.flag(810),
    down: s.flag(811),
    multihop,
    ...(multihop && { multihop_distance: distance }),
    ...(maxPrefix !== 0 && { max_prefix: maxPrefix }),
    ...(maxPrefix !== 0 && maxRestart !== 0 && { max_prefix_restart: maxRestart }),
    ...(maxOutPrefix !== 0 && { max_out_prefix: maxOutPrefix }),
    ...(maxOutPrefix !== 0 && maxOutRestart !== 0 && { max_out_prefix_restart: maxOutRestart }),
    ttl_security: s.flag(813),
    holdtime: s.u16(796),
    min_holdtime: s.u16(798),
    ...(external && role !== 0 && { role: ROLES[role] ?? "unknown" }),
    ...withCapabilities(s, CAPABILITIES.configured),
  };
}

/**
 * @param {Struct} s
 * @param {number} now
 * @returns {NeighborStats}
 */
function stats(s, now) {
  // the structure begins with 22 counters and three times of 64 bits
  const [...counts] = Array.from({ length: 25 }, (_, i) => s.i64(STATS + 8 * i));
  const messages = (/** @type {number} */ at) => {
    const [open, updates, notifications, keepalives, refreshes] = counts.slice(at, at + 5);
    /** @type {MessageCounts} */
    const all = { open, notifications, updates, keepalives, route_refresh: refreshes, total: 0 };
    all.total = open + updates + notifications + keepalives + refreshes;
    return all;
  };
  const refreshes = (/** @type {number} */ at) => {
    const [request, borr, eorr] = counts.slice(at, at + 3);
    return { request, borr, eorr };
  };
  const prefixes = (/** @type {number} */ at) => {
    const [updates, withdraws, eor] = counts.slice(at, at + 3);
    return { updates, withdraws, eor };
  };
  const [lastRead, lastReadSec] = since(counts[23], now);
  const [lastWrite, lastWriteSec] = since(counts[24], now);
  const [received, sent, pendingUpdates, pendingWithdraws] = [204, 208, 212, 216].map((offset) =>
    s.u32(STATS + offset),
  );
  return {
    last_read: lastRead,
    last_read_sec: lastReadSec,
    last_write: lastWrite,
    last_write_sec: lastWriteSec,
    prefixes: { sent, received },
    message: { sent: messages(5), received: messages(0) },
    update: {
      sent: prefixes(19),
      received: prefixes(16),
      pending: { updates: pendingUpdates, withdraws: pendingWithdraws },
    },
    "route-refresh": { sent: refreshes(13), received: refreshes(10) },
  };
}

/**
 * Both ends of a session that has begun.
 *
 * @param {Struct} s
 * @returns {NeighborSession}
 */
function session(s) {
  const end = (
    /** @type {number} */ address,
    /** @type {number} */ port,
    /** @type {number} */ at,
  ) =>
    /** @type {SessionEnd} */ ({
      address: s.address(address),
      port: s.u16(port),
      ...withCapabilities(s, at),
    });
  const holdtime = s.u16(2130);
  const role = s.u32(788);
  return {
    holdtime,
    keepalive: Math.floor(holdtime / 3),
    local: end(1840, 2132, CAPABILITIES.announced),
    remote: end(1984, 2134, CAPABILITIES.received),
    ...withCapabilities(s, CAPABILITIES.negotiated),
    ...(s.flag(808) &&
      role !== 0 && {
        remote_role: ROLES[s.u32(2124)] ?? "unknown",
        local_role: ROLES[role] ?? "unknown",
      }),
  };
}

/**
 * A neighbor, with its configuration, counters and session.
 *
 * @param {Uint8Array} data
 * @param {number} now the monotonic clock of the daemon's machine, in seconds
 * @returns {Neighbor}
 */
export function neighbor(data, now) {
  return read(["neighbor", data, 2144], (s) => {
    const address = s.address(0);
    const [group, description, reason] = [s.string(272, 64), s.string(336, 64), s.string(400, 256)];
    const state = s.u32(2112);
    const name = STATES[state] ?? `state ${state}`;
    const [updown, updownSeconds] = since(s.i64(STATS + 176), now);
    const lastReason = s.string(STATS + 224, 256);
    return {
      remote_as: String(s.u32(760)),
      ...(description !== "" && { description }),
      ...(group !== "" && { group }),
      remote_addr: s.flag(806) ? `${address}/${s.u8(807)}` : address,
      ...(name === "Established" && { bgpid: s.routerId(2108) }),
      state: name,
      last_updown: updown,
      last_updown_sec: updownSeconds,
      config: config(s),
      stats: stats(s, now),
      ...(reason !== "" && { my_shutdown_reason: reason }),
      ...(lastReason !== "" && { last_shutdown_reason: lastReason }),
      ...(state >= STATES.indexOf("OpenSent") && { session: session(s) }),
    };
  });
}
