// The records of the client: the names and values of `bgpctl -j`, whose documents they make up.

/** A neighbor, of `bgpctl -j show neighbor`. */
export interface Neighbor {
  remote_as: string;
  description?: string;
  group?: string;
  remote_addr: string;
  bgpid?: string;
  state: string;
  last_updown: string;
  last_updown_sec: number;
  config: NeighborConfig;
  stats: NeighborStats;
  my_shutdown_reason?: string;
  last_shutdown_reason?: string;
  session?: NeighborSession;
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

export interface RibEntry {
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

/** What limits a listing of the RIB. */
export interface RibFilter {
  /** Only this prefix, such as 192.0.2.0/24. */
  prefix?: string;
  /** Only routes from the neighbor with this address or description. */
  neighbor?: string;
  /** Only this address family. */
  family?: 4 | 6;
}

export interface BgpdOptions {
  /** The pid by which bgpd tells the connection from others; a free one if absent. */
  pid?: number;
  signal?: AbortSignal;
}

/** A connection to bgpd's control socket. */
export interface BgpdConnection {
  /** The pid in the header of every request and reply. */
  readonly pid: number;
  neighbors(): AsyncGenerator<Neighbor>;
  rib(filter?: RibFilter): AsyncGenerator<RibEntry>;
  ribMemory(): Promise<RibMemory>;
  fibTables(): AsyncGenerator<FibTable>;
  announce(prefixes: Iterable<string>): Promise<void>;
  withdraw(prefixes: Iterable<string>): Promise<void>;
  close(): Promise<void>;
}

/** The exports of client.mjs. */
export interface BgpdModule {
  connectBgpd(path: string, options?: BgpdOptions): Promise<BgpdConnection>;
  BgpdError: new (code: number) => Error & { code: number };
}
