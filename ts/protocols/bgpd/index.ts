import { defineProtocol, empty, type Messages, optional, raw } from "../../protocol/index.ts";
import { BgpdAddr } from "./address.ts";
import type { result } from "./constants.ts";
import { CtlTimer, Peer } from "./peer.ts";
import {
  Communities,
  CtlKrouteReq,
  CtlNeighbor,
  CtlShowInterface,
  CtlShowNexthop,
  CtlShowRib,
  CtlShowRibRequest,
  CtlShowRtr,
  CtlShowSet,
  FilterSet,
  Flowspec,
  KrouteFull,
  Ktable,
  NetworkConfig,
  RdeMemstats,
  Reason,
  Result,
  Verbose,
} from "./structures.ts";

/** The replies of a listing of routes. With CTL_DETAIL, attributes follow each route. */
const ROUTES = ["SHOW_RIB", "SHOW_RIB_COMMUNITIES", "SHOW_RIB_ATTR"] as const;

const REFUSALS: Readonly<Record<keyof typeof result, string | undefined>> = {
  OK: undefined,
  NOSUCHPEER: "there is no such neighbor",
  DENIED: "not allowed on this socket",
  NOCAP: "the neighbor lacks the capability",
  PARSE_ERROR: "the configuration has errors",
  PENDING: "a reload is running already",
  NOMEM: "out of memory",
  BADPEER: "the neighbor is no clone",
  BADSTATE: "the neighbor is in the wrong state",
  NOSUCHRIB: "there is no such RIB",
  OPNOTSUPP: "the operation is not supported",
};

function refusal({ code }: { code: keyof typeof result | number }): string | undefined {
  if (code === "OK") return undefined;
  const text = typeof code === "string" ? REFUSALS[code] : `code ${code}`;
  return `bgpd refused the request: ${text}`;
}

// the messages without payloads pass between the daemon's own processes
const messages = {
  END: { type: 1, send: empty, receive: empty, note: "the end of a listing" },
  RELOAD: { type: 2, send: Reason, reply: "RESULT" },
  FIB_COUPLE: { type: 3, send: empty, note: "peerid is the routing table" },
  FIB_DECOUPLE: { type: 4, send: empty, note: "peerid is the routing table" },
  NEIGHBOR_UP: { type: 5, send: CtlNeighbor, reply: "RESULT" },
  NEIGHBOR_DOWN: { type: 6, send: CtlNeighbor, reply: "RESULT" },
  NEIGHBOR_CLEAR: { type: 7, send: CtlNeighbor, reply: "RESULT" },
  NEIGHBOR_RREFRESH: { type: 8, send: CtlNeighbor, reply: "RESULT" },
  NEIGHBOR_DESTROY: { type: 9, send: CtlNeighbor, reply: "RESULT" },
  KROUTE: {
    type: 10,
    send: CtlKrouteReq,
    receive: KrouteFull,
    lists: "KROUTE",
    note: "peerid is the routing table",
  },
  KROUTE_ADDR: { type: 11, send: BgpdAddr, lists: "KROUTE", note: "peerid is the routing table" },
  RESULT: { type: 12, receive: Result, failure: refusal },
  SHOW_NEIGHBOR: {
    type: 13,
    send: optional(CtlNeighbor),
    receive: Peer,
    lists: ["SHOW_NEIGHBOR", "SHOW_TIMER"],
  },
  SHOW_NEXTHOP: {
    type: 14,
    send: empty,
    receive: CtlShowNexthop,
    lists: "SHOW_NEXTHOP",
    note: "peerid is the routing table",
  },
  SHOW_INTERFACE: { type: 15, send: empty, receive: CtlShowInterface, lists: "SHOW_INTERFACE" },
  SHOW_RIB: { type: 16, send: CtlShowRibRequest, receive: CtlShowRib, lists: ROUTES },
  SHOW_RIB_PREFIX: { type: 17, send: CtlShowRibRequest, lists: ROUTES },
  SHOW_RIB_COMMUNITIES: {
    type: 18,
    receive: Communities,
    note: "the communities of the route before it",
  },
  SHOW_RIB_ATTR: { type: 19, receive: raw, note: "an attribute of the route before it" },
  SHOW_NETWORK: { type: 20, send: CtlShowRibRequest, receive: KrouteFull, lists: "SHOW_NETWORK" },
  SHOW_FLOWSPEC: {
    type: 21,
    send: CtlShowRibRequest,
    receive: Flowspec,
    lists: ["SHOW_FLOWSPEC", "SHOW_RIB_COMMUNITIES"],
  },
  SHOW_RIB_MEM: { type: 22, send: empty, receive: RdeMemstats, reply: "SHOW_RIB_MEM" },
  SHOW_TERSE: { type: 23, send: empty, lists: "SHOW_NEIGHBOR" },
  SHOW_TIMER: {
    type: 24,
    receive: CtlTimer,
    note: "a timer of the neighbor or RTR session before it",
  },
  LOG_VERBOSE: { type: 25, send: Verbose },
  SHOW_FIB_TABLES: { type: 26, send: empty, receive: Ktable, lists: "SHOW_FIB_TABLES" },
  SHOW_SET: { type: 27, send: empty, receive: CtlShowSet, lists: "SHOW_SET" },
  SHOW_RTR: {
    type: 28,
    send: empty,
    receive: CtlShowRtr,
    lists: ["SHOW_RTR", "SHOW_TIMER"],
  },
  TERMINATE: { type: 29 },
  NETWORK_ADD: { type: 30, send: NetworkConfig },
  NETWORK_ASPATH: { type: 31, send: CtlShowRib },
  NETWORK_ATTR: { type: 32, send: raw },
  NETWORK_REMOVE: { type: 33, send: NetworkConfig },
  NETWORK_FLUSH: { type: 34, send: empty },
  NETWORK_DONE: { type: 35, send: empty },
  FLOWSPEC_ADD: { type: 36, send: Flowspec },
  FLOWSPEC_DONE: { type: 37, send: empty },
  FLOWSPEC_REMOVE: { type: 38, send: Flowspec },
  FLOWSPEC_FLUSH: { type: 39, send: empty },
  FILTER_SET: { type: 40, send: FilterSet },
  SOCKET_CONN: { type: 41 },
  SOCKET_CONN_CTL: { type: 42 },
  SOCKET_CONN_RTR: { type: 43 },
  SOCKET_SETUP: { type: 44 },
  SOCKET_TEARDOWN: { type: 45 },
  RECONF_CONF: { type: 46 },
  RECONF_RIB: { type: 47 },
  RECONF_PEER: { type: 48 },
  RECONF_PEER_AUTH: { type: 49 },
  RECONF_FILTER: { type: 50 },
  RECONF_LISTENER: { type: 51 },
  RECONF_CTRL: { type: 52 },
  RECONF_VPN: { type: 53 },
  RECONF_VPN_EXPORT: { type: 54 },
  RECONF_VPN_IMPORT: { type: 55 },
  RECONF_VPN_DONE: { type: 56 },
  RECONF_PREFIX_SET: { type: 57 },
  RECONF_PREFIX_SET_ITEM: { type: 58 },
  RECONF_AS_SET: { type: 59 },
  RECONF_AS_SET_ITEMS: { type: 60 },
  RECONF_AS_SET_DONE: { type: 61 },
  RECONF_ORIGIN_SET: { type: 62 },
  RECONF_ROA_SET: { type: 63 },
  RECONF_ROA_ITEM: { type: 64 },
  RECONF_ASPA: { type: 65 },
  RECONF_ASPA_TAS: { type: 66 },
  RECONF_ASPA_DONE: { type: 67 },
  RECONF_ASPA_PREP: { type: 68 },
  RECONF_RTR_CONFIG: { type: 69 },
  RECONF_DRAIN: { type: 70 },
  RECONF_DONE: { type: 71 },
  UPDATE: { type: 72 },
  UPDATE_ERR: { type: 73 },
  SESSION_ADD: { type: 74 },
  SESSION_UP: { type: 75 },
  SESSION_DOWN: { type: 76 },
  SESSION_DELETE: { type: 77 },
  SESSION_STALE: { type: 78 },
  SESSION_NOGRACE: { type: 79 },
  SESSION_FLUSH: { type: 80 },
  SESSION_RESTARTED: { type: 81 },
  SESSION_DEPENDON: { type: 82 },
  PFKEY_RELOAD: { type: 83 },
  MRT_OPEN: { type: 84 },
  MRT_REOPEN: { type: 85 },
  MRT_CLOSE: { type: 86 },
  KROUTE_CHANGE: { type: 87 },
  KROUTE_DELETE: { type: 88 },
  KROUTE_FLUSH: { type: 89 },
  NEXTHOP_ADD: { type: 90 },
  NEXTHOP_REMOVE: { type: 91 },
  NEXTHOP_UPDATE: { type: 92 },
  PFTABLE_ADD: { type: 93 },
  PFTABLE_REMOVE: { type: 94 },
  PFTABLE_COMMIT: { type: 95 },
  REFRESH: { type: 96 },
  DEMOTE: { type: 97 },
  XON: { type: 98 },
  XOFF: { type: 99 },
} as const satisfies Messages;

/**
 * OpenBGPD 8.8's control socket, and the names of the messages between its processes. A reply goes
 * to the connection that last sent the pid in its header: set a `pid` of its own for each channel.
 */
export const bgpd = defineProtocol({
  name: "bgpd",
  version: "OpenBGPD 8.8",
  maxSize: 131072,
  ends: ["END", "RESULT"],
  messages,
});

export * from "./address.ts";
export { parseAsPath, printAsPath } from "./aspath.ts";
export * from "./constants.ts";
export * from "./peer.ts";
export * from "./structures.ts";
