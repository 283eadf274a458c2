// The records of the client: the names and values of `bgpctl -j`, whose documents they make up.

import type { Decoded } from "imsg-wasm/protocol";
import type { CtlShowRib } from "imsg-wasm/protocols/bgpd";

/** A neighbor, of `bgpctl -j show summary`. */
export interface NeighborSummary {
  remote_as: string;
  description?: string;
  group?: string;
  remote_addr: string;
  bgpid?: string;
  state: string;
  last_updown: string;
  last_updown_sec: number;
}

/** A neighbor, of `bgpctl -j show neighbor`. */
export interface Neighbor extends NeighborSummary {
  config: NeighborConfig;
  stats: NeighborStats;
  my_shutdown_reason?: string;
  last_shutdown_reason?: string;
  last_error_sent?: string;
  last_error_received?: string;
  session?: NeighborSession;
  /** Only if timers are asked for, and some run. */
  timers?: Timer[];
}

/** A running timer, with the seconds until it is due. */
export interface Timer {
  name: string;
  due: number;
}

export interface NeighborConfig {
  template: boolean;
  cloned: boolean;
  passive: boolean;
  down: boolean;
  multihop: boolean;
  multihop_distance?: number;
  max_prefix?: number;
  max_prefix_restart?: number;
  max_out_prefix?: number;
  max_out_prefix_restart?: number;
  authentication?: string;
  ttl_security: boolean;
  holdtime: number;
  min_holdtime: number;
  role?: string;
  capabilities?: Capabilities;
}

export interface Capabilities {
  as4byte: boolean;
  refresh: boolean;
  enhanced_refresh: boolean;
  extended_message: boolean;
  multiprotocol?: string[];
  graceful_restart?: {
    eor: boolean;
    restart: boolean;
    timeout?: number;
    graceful_notification?: boolean;
    protocols?: { family: string; preserved: boolean }[];
  };
  "add-path"?: { family: string; mode: string }[];
  open_policy?: string;
}

export interface MessageCounts {
  open: number;
  notifications: number;
  updates: number;
  keepalives: number;
  route_refresh: number;
  total: number;
}

export interface UpdateCounts {
  updates: number;
  withdraws: number;
  eor: number;
}

export interface RefreshCounts {
  request: number;
  borr: number;
  eorr: number;
}

export interface NeighborStats {
  last_read: string;
  last_read_sec: number;
  last_write: string;
  last_write_sec: number;
  prefixes: { sent: number; received: number };
  message: { sent: MessageCounts; received: MessageCounts };
  update: {
    sent: UpdateCounts;
    received: UpdateCounts;
    pending: { updates: number; withdraws: number };
  };
  "route-refresh": { sent: RefreshCounts; received: RefreshCounts };
}

export interface SessionEnd {
  address: string;
  port: number;
  capabilities?: Capabilities;
}

export interface NeighborSession {
  holdtime: number;
  keepalive: number;
  local: SessionEnd;
  remote: SessionEnd;
  capabilities?: Capabilities;
  remote_role?: string;
  local_role?: string;
}

/** The communities of a route by their kinds. */
export interface CommunityLists {
  communities?: string[];
  large_communities?: string[];
  extended_communities?: string[];
}

/** An attribute of a route; which other members it has depends on its type. */
export interface RibAttribute {
  type: string;
  flags: { partial: boolean; transitive: boolean; optional: boolean };
  length: number;
  error?: string;
  data?: string;
  [member: string]: unknown;
}

/** A route, of `bgpctl -j show rib`; communities and attributes only if details are asked for. */
export interface RibEntry extends CommunityLists {
  prefix: string;
  aspath: string;
  exit_nexthop: string;
  true_nexthop: string;
  neighbor: { description?: string; remote_addr: string; bgp_id: string };
  path_id?: number;
  valid: boolean;
  filtered?: true;
  best?: true;
  ecmp?: true;
  "as-wide"?: true;
  source: "internal" | "external";
  stale?: true;
  announced?: true;
  ovs: string;
  avs: string;
  origin: string;
  metric: number;
  localpref: number;
  weight: number;
  dmetric: number;
  last_update: string;
  last_update_sec: number;
  attributes?: RibAttribute[];
}

/** A route with the flags of bgpd, of which `bgpctl -j` leaves out two. */
export interface Route {
  entry: RibEntry;
  flags: Decoded<typeof CtlShowRib>["flags"];
}

export interface MemoryUse {
  count?: number;
  size?: number;
  references?: number;
}

export interface RibMemory {
  memory: Record<string, MemoryUse>;
  sets: Record<string, MemoryUse>;
}

export interface FibTable {
  rtableid: number;
  description: string;
  coupled: boolean;
  admin_change: boolean;
}

/** A route of the kernel, of `bgpctl -j show fib`, or a network, of `bgpctl -j show network`. */
export interface FibEntry {
  prefix: string;
  priority: number;
  origin: string;
  used_by_nexthop: boolean;
  blackhole: boolean;
  reject: boolean;
  nexthop: string;
  mplslabel?: number[];
}

export interface Interface {
  name: string;
  rdomain: number;
  is_up: boolean;
  nh_reachable: boolean;
  media?: string;
  linkstate: string;
  baudrate?: number;
}

export interface Nexthop {
  address: string;
  valid: boolean;
  prefix?: string;
  priority?: number;
  connected?: boolean;
  nexthop?: string;
  interface?: Interface;
}

export interface SetRecord {
  name: string;
  type: string;
  last_change: string;
  last_change_sec: number;
  num_ASnum?: number;
  num_IPv4?: number;
  num_IPv6?: number;
}

export interface Rtr {
  descr?: string;
  remote_addr: string;
  remote_port: number;
  local_addr?: string;
  state: string;
  version?: number;
  minimal_version?: number;
  session_id?: number;
  serial?: number;
  refresh: number;
  retry: number;
  expire: number;
  last_sent_error?: string;
  last_sent_msg?: string;
  last_recv_error?: string;
  last_recv_msg?: string;
  timers?: Timer[];
}

/** A flowspec rule that bgpd announces; `bgpctl -j` has no such document. */
export interface FlowspecRule extends CommunityLists {
  family: string;
  static: boolean;
  rule: string;
}

/** An address family: 4 and 6 are IPv4 and IPv6 unicast. */
export type Family = 4 | 6 | "VPNv4" | "VPNv6";

/** Which neighbors are meant; none of the members stands for all. */
export interface NeighborFilter {
  /** Only the neighbor with this address or description. */
  neighbor?: string;
  /** Only the neighbors of this group. */
  group?: string;
}

/** The conditions that a listed route of the RIB meets. */
export interface RibFilter extends NeighborFilter {
  /** Only this prefix, such as 192.0.2.0/24; for an address, the longest prefix that has it. */
  prefix?: string;
  /** Also the more or the less specific prefixes of `prefix`. */
  include?: "or-longer" | "or-shorter";
  /** Only this address family. */
  family?: Family;
  /** The RIB of this name, instead of Loc-RIB. */
  table?: string;
  /** The routes as neighbors sent them: Adj-RIB-In. */
  in?: boolean;
  /** The routes as neighbors get them: Adj-RIB-Out. */
  out?: boolean;
  /** Only the routes that bgpd uses. */
  best?: boolean;
  /** Only routes with errors. */
  invalid?: boolean;
  leaked?: boolean;
  filtered?: boolean;
  /** Only routes that are not eligible. */
  disqualified?: boolean;
  /** Only these states of origin validation. */
  ovs?: ("valid" | "invalid" | "not-found")[];
  /** Only these states of path validation. */
  avs?: ("valid" | "invalid" | "unknown")[];
  /** Only routes whose AS path has the number in this place, or is empty. */
  as?: { place: "any" | "source" | "transit" | "peer"; number: number } | { place: "empty" };
  /** Only routes with this community, such as 65001:100 or NO_EXPORT; one kind at a time. */
  community?: string;
  /** Only routes with this large community, such as 65001:1:2. */
  largeCommunity?: string;
  /** Only routes with this extended community: its subtype and value, such as rt and 65001:1. */
  extCommunity?: readonly [subtype: string, value: string];
  pathId?: number;
  /** Whether communities and other attributes are wanted. */
  detail?: boolean;
}

/** Which routes of the kernel are asked for. */
export interface FibFilter {
  /** Only the route that this address takes. */
  address?: string;
  family?: Family;
  kinds?: ("BGPD" | "CONNECTED" | "NEXTHOP" | "STATIC")[];
  /** The routing table; 0 if absent. */
  table?: number;
}

/** The attributes with which a network or rule is announced. */
export interface Attributes {
  community?: string[];
  largeCommunity?: string[];
  extCommunity?: (readonly [subtype: string, value: string])[];
  localpref?: number;
  med?: number;
  weight?: number;
  prependSelf?: number;
  prependNeighbor?: number;
  /** An address, `blackhole`, `reject` or `no-modify`. */
  nexthop?: string;
  pftable?: string;
  /** The route distinguisher, such as 65001:100; networks only. */
  rd?: string;
}

/** The actions on a neighbor's session. */
export type NeighborAction = "up" | "down" | "clear" | "refresh" | "destroy";

export interface BgpdOptions {
  /** The pid by which bgpd recognizes the connection; a free one if absent. */
  pid?: number;
  signal?: AbortSignal;
  /** How long a reply may take in milliseconds, and the next message of a listing; 30,000 if absent. */
  timeout?: number;
}

/** A connection to bgpd's control socket. */
export interface BgpdConnection {
  /** The pid in the header of every request and reply. */
  readonly pid: number;
  /** Rejects with a BgpdVersionError if bgpd's structures are not those of 8.8. */
  checkVersion(): Promise<void>;
  neighbors(filter?: NeighborFilter & { timers?: boolean }): AsyncGenerator<Neighbor>;
  summary(options?: { terse?: boolean }): AsyncGenerator<NeighborSummary>;
  rib(filter?: RibFilter): AsyncGenerator<RibEntry>;
  routes(filter?: RibFilter): AsyncGenerator<Route>;
  ribMemory(): Promise<RibMemory>;
  fibTables(): AsyncGenerator<FibTable>;
  fib(filter?: FibFilter): AsyncGenerator<FibEntry>;
  nexthops(table?: number): AsyncGenerator<Nexthop>;
  interfaces(): AsyncGenerator<Interface>;
  sets(): AsyncGenerator<SetRecord>;
  rtrs(): AsyncGenerator<Rtr>;
  networks(family?: Family): AsyncGenerator<FibEntry>;
  flowspecs(family?: Family): AsyncGenerator<FlowspecRule>;
  /** Does something to a neighbor or a group; resolves when bgpd has accepted it for all of them. */
  changeNeighbors(action: NeighborAction, filter: NeighborFilter, reason?: string): Promise<void>;
  reload(reason?: string): Promise<void>;
  /** Has no reply, as the following ones. */
  setVerbose(verbose: boolean): Promise<void>;
  coupleFib(coupled: boolean, table?: number): Promise<void>;
  announce(prefixes: Iterable<string>, attributes?: Attributes): Promise<void>;
  withdraw(prefixes: Iterable<string>, rd?: string): Promise<void>;
  flushNetworks(): Promise<void>;
  announceRule(family: 4 | 6, rule: Uint8Array, attributes?: Attributes): Promise<void>;
  withdrawRule(family: 4 | 6, rule: Uint8Array): Promise<void>;
  flushRules(): Promise<void>;
  close(): Promise<void>;
}

/** The exports of client.mjs. */
export interface BgpdModule {
  connectBgpd(path: string, options?: BgpdOptions): Promise<BgpdConnection>;
  BgpdError: new (text: string, code: number) => Error & { code: number; document: object };
  BgpdVersionError: new (found: string) => Error;
}
