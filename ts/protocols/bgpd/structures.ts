import {
  array,
  asNumber,
  bool,
  bytes,
  chars,
  enumeration,
  flags,
  i8,
  i16,
  i32,
  i64,
  pointer,
  sizeT,
  struct,
  time,
  u8,
  u16,
  u32,
  u64,
  union,
} from "../../protocol/index.ts";
import { address } from "./address.ts";
import { aspath } from "./aspath.ts";
import * as names from "./constants.ts";
import { AID_MAX } from "./constants.ts";

const PEER_DESCR_LEN = 64;
const REASON_LEN = 256;
const SET_NAME_LEN = 128;
const IFNAMSIZ = 16;

/** Counters stay far below 2^53. */
const counter = asNumber(u64);
const statistic = asNumber(i64);
const size = asNumber(sizeT);

const tailqHead = struct({ tqh_first: pointer, tqh_last: pointer }, { name: "tailq_head" });
const rbHead = struct({ rbh_root: pointer }, { name: "rb_head" });
const rbEntry = struct(
  { rbe_left: pointer, rbe_right: pointer, rbe_parent: pointer, rbe_color: i32 },
  { name: "rb_entry" },
);

/** `struct capabilities`: what a BGP speaker can do. Arrays have one element for each `aid`. */
export const Capabilities = struct(
  {
    grestart: struct(
      { timeout: i16, flags: array(i8, AID_MAX), restart: i8, grnotification: i8 },
      { name: "grestart" },
    ),
    mp: array(i8, AID_MAX),
    add_path: array(i8, AID_MAX),
    ext_nh: array(i8, AID_MAX),
    refresh: i8,
    as4byte: i8,
    enhanced_rr: i8,
    policy: i8,
    ext_msg: i8,
  },
  { name: "capabilities" },
);

/** `struct addpath_eval`. */
export const AddpathEval = struct(
  { mode: enumeration(names.addpathMode, u32), extrapaths: i32, maxpaths: i32 },
  { name: "addpath_eval" },
);

/** `struct peer_config`. */
export const PeerConfig = struct(
  {
    remote_addr: address,
    local_addr_v4: address,
    local_addr_v6: address,
    capabilities: Capabilities,
    eval: AddpathEval,
    group: chars(PEER_DESCR_LEN),
    descr: chars(PEER_DESCR_LEN),
    reason: chars(REASON_LEN),
    rib: chars(PEER_DESCR_LEN),
    if_depend: chars(IFNAMSIZ),
    demote_group: chars(IFNAMSIZ),
    id: u32,
    groupid: u32,
    remote_as: u32,
    local_as: u32,
    max_prefix: u32,
    max_out_prefix: u32,
    export_type: enumeration(names.exportType, u32),
    enforce_as: enumeration(names.enforceAs, u32),
    enforce_local_as: enumeration(names.enforceAs, u32),
    role: enumeration(names.role, u32),
    max_prefix_restart: u16,
    max_out_prefix_restart: u16,
    holdtime: u16,
    min_holdtime: u16,
    staletime: u16,
    local_short_as: u16,
    remote_port: u16,
    template: bool,
    remote_masklen: u8,
    ebgp: bool,
    distance: u8,
    passive: bool,
    down: bool,
    reflector_client: bool,
    ttlsec: bool,
    flags: u8,
  },
  { name: "peer_config" },
);

/** `struct peer_stats`. Times are those of the daemon's monotonic clock. */
export const PeerStats = struct(
  {
    msg_rcvd_open: counter,
    msg_rcvd_update: counter,
    msg_rcvd_notification: counter,
    msg_rcvd_keepalive: counter,
    msg_rcvd_rrefresh: counter,
    msg_sent_open: counter,
    msg_sent_update: counter,
    msg_sent_notification: counter,
    msg_sent_keepalive: counter,
    msg_sent_rrefresh: counter,
    refresh_rcvd_req: counter,
    refresh_rcvd_borr: counter,
    refresh_rcvd_eorr: counter,
    refresh_sent_req: counter,
    refresh_sent_borr: counter,
    refresh_sent_eorr: counter,
    prefix_rcvd_update: counter,
    prefix_rcvd_withdraw: counter,
    prefix_rcvd_eor: counter,
    prefix_sent_update: counter,
    prefix_sent_withdraw: counter,
    prefix_sent_eor: counter,
    last_updown: time,
    last_read: time,
    last_write: time,
    msg_queue_len: u32,
    prefix_cnt: u32,
    prefix_out_cnt: u32,
    pending_update: u32,
    pending_withdraw: u32,
    last_sent_errcode: u8,
    last_sent_suberr: u8,
    last_rcvd_errcode: u8,
    last_rcvd_suberr: u8,
    last_reason: chars(REASON_LEN),
  },
  { name: "peer_stats" },
);

/** `struct auth_state`. */
export const AuthState = struct(
  {
    local_addr: address,
    remote_addr: address,
    spi_in: u32,
    spi_out: u32,
    method: enumeration(names.authMethod, u32),
    established: u8,
  },
  { name: "auth_state" },
);

/** `struct auth_config`. The daemon wipes it before it answers. */
export const AuthConfig = struct(
  {
    md5key: bytes(80),
    auth_key_in: bytes(20),
    auth_key_out: bytes(20),
    enc_key_in: bytes(32),
    enc_key_out: bytes(32),
    spi_in: u32,
    spi_out: u32,
    method: enumeration(names.authMethod, u32),
    auth_alg_in: enumeration(names.authAlg, u32),
    auth_alg_out: enumeration(names.authAlg, u32),
    enc_alg_in: enumeration(names.authEncAlg, u32),
    enc_alg_out: enumeration(names.authEncAlg, u32),
    md5key_len: u8,
    auth_keylen_in: u8,
    auth_keylen_out: u8,
    enc_keylen_in: u8,
    enc_keylen_out: u8,
  },
  { name: "auth_config" },
);

/** `struct peer`: a neighbor with its configuration, counters and session. */
export const Peer = struct(
  {
    conf: PeerConfig,
    stats: PeerStats,
    entry: rbEntry,
    capa: struct({ ann: Capabilities, peer: Capabilities, neg: Capabilities }, { name: "capa" }),
    auth_state: AuthState,
    auth_conf: AuthConfig,
    local: address,
    local_alt: address,
    remote: address,
    timers: tailqHead,
    wbuf: pointer,
    template: pointer,
    fd: i32,
    lasterr: i32,
    errcnt: u32,
    IdleHoldTime: u32,
    if_scope: u32,
    remote_bgpid: u32,
    state: enumeration(names.sessionState, u32),
    prev_state: enumeration(names.sessionState, u32),
    reconf_action: enumeration(names.reconfAction, u32),
    remote_role: enumeration(names.role, u32),
    short_as: u16,
    holdtime: u16,
    local_port: u16,
    remote_port: u16,
    depend_ok: u8,
    demoted: u8,
    passive: u8,
    throttled: u8,
    rpending: u8,
    rdesession: u8,
  },
  { name: "peer" },
);

/** `struct ctl_timer`: a running timer of the neighbor before it. */
export const CtlTimer = struct(
  { type: enumeration(names.timer, u32), val: time },
  { name: "ctl_timer" },
);

/** `struct ctl_neighbor`: which neighbor a request means; all zero means every one. */
export const CtlNeighbor = struct(
  {
    addr: address,
    descr: chars(PEER_DESCR_LEN),
    reason: chars(REASON_LEN),
    show_timers: i32,
    is_group: i32,
  },
  { name: "ctl_neighbor" },
);

/** `struct ctl_show_rib`, with the AS path behind it: a route. */
export const CtlShowRib = struct(
  {
    true_nexthop: address,
    exit_nexthop: address,
    prefix: address,
    remote_addr: address,
    descr: chars(PEER_DESCR_LEN),
    age: time,
    remote_id: u32,
    path_id: u32,
    local_pref: u32,
    med: u32,
    weight: u32,
    flags: flags(u32, names.routeFlags),
    prefixlen: u8,
    origin: enumeration(names.origin, u8),
    roa_validation_state: enumeration(names.roaState, u8),
    aspa_validation_state: enumeration(names.aspaState, u8),
    dmetric: i8,
    aspath,
  },
  { name: "ctl_show_rib" },
);

/** `struct filter_as`. */
export const FilterAs = struct(
  {
    name: chars(SET_NAME_LEN),
    aset: pointer,
    as_min: u32,
    as_max: u32,
    type: enumeration(names.asSpec, u32),
    flags: u8,
    op: u8,
  },
  { name: "filter_as" },
);

/** `struct community`. */
export const Community = struct(
  { flags: u32, data1: u32, data2: u32, data3: u32 },
  { name: "community" },
);

/** `struct ctl_show_rib_request`: which routes are asked for; all zero means every one. */
export const CtlShowRibRequest = struct(
  {
    rib: chars(PEER_DESCR_LEN),
    neighbor: CtlNeighbor,
    prefix: address,
    as: FilterAs,
    community: Community,
    flags: flags(u32, names.requestFlags),
    path_id: u32,
    pid: i32,
    type: u32,
    validation_state: u8,
    prefixlen: u8,
    aid: enumeration(names.aid, u8),
  },
  { name: "ctl_show_rib_request" },
);

/** `struct rde_memstats`: what the RIB takes of the daemon's memory. */
export const RdeMemstats = struct(
  {
    path_cnt: statistic,
    path_refs: statistic,
    prefix_cnt: statistic,
    rib_cnt: statistic,
    pt_cnt: array(statistic, AID_MAX),
    pt_size: array(statistic, AID_MAX),
    nexthop_cnt: statistic,
    aspath_cnt: statistic,
    aspath_size: statistic,
    comm_cnt: statistic,
    comm_nmemb: statistic,
    comm_size: statistic,
    comm_refs: statistic,
    attr_cnt: statistic,
    attr_refs: statistic,
    attr_data: statistic,
    attr_dcnt: statistic,
    aset_cnt: statistic,
    aset_size: statistic,
    aset_nmemb: statistic,
    pset_cnt: statistic,
    pset_size: statistic,
  },
  { name: "rde_memstats" },
);

/** `struct ktable`: a table of the kernel's routes. */
export const Ktable = struct(
  {
    descr: chars(PEER_DESCR_LEN),
    krt: rbHead,
    krt6: rbHead,
    knt: rbHead,
    kredist: rbHead,
    krn: tailqHead,
    rtableid: u32,
    nhtableid: u32,
    nhrefcnt: i32,
    state: enumeration(names.reconfAction, u32),
    fib_conf: bool,
    fib_sync: bool,
  },
  { name: "ktable" },
);

/** `struct kroute_full`: a route of the kernel, or a network that bgpd announces. */
export const KrouteFull = struct(
  {
    prefix: address,
    nexthop: address,
    label: chars(32),
    mplslabel: u32,
    flags: flags(u16, names.routeKinds),
    ifindex: u16,
    prefixlen: u8,
    priority: u8,
  },
  { name: "kroute_full" },
);

/** `struct ctl_kroute_req`. `af` is the system's own number. */
export const CtlKrouteReq = struct(
  { flags: flags(u32, names.requestFlags), af: u16 },
  { name: "ctl_kroute_req" },
);

/** `struct ctl_show_interface`. */
export const CtlShowInterface = struct(
  {
    ifname: chars(IFNAMSIZ),
    linkstate: chars(32),
    media: chars(32),
    baudrate: counter,
    rdomain: u32,
    nh_reachable: bool,
    is_up: bool,
  },
  { name: "ctl_show_interface" },
);

/** `struct ctl_show_nexthop`. */
export const CtlShowNexthop = struct(
  { addr: address, iface: CtlShowInterface, kr: KrouteFull, valid: bool, krvalid: bool },
  { name: "ctl_show_nexthop" },
);

/** `struct ctl_show_set`. */
export const CtlShowSet = struct(
  {
    name: chars(SET_NAME_LEN),
    lastchange: time,
    v4_cnt: size,
    v6_cnt: size,
    as_cnt: size,
    type: enumeration(names.setType, u32),
  },
  { name: "ctl_show_set" },
);

/** `struct ctl_show_rtr`. */
export const CtlShowRtr = struct(
  {
    descr: chars(PEER_DESCR_LEN),
    state: chars(PEER_DESCR_LEN),
    last_sent_msg: chars(REASON_LEN),
    last_recv_msg: chars(REASON_LEN),
    remote_addr: address,
    local_addr: address,
    serial: u32,
    refresh: u32,
    retry: u32,
    expire: u32,
    session_id: i32,
    last_sent_error: enumeration(names.rtrError, i32),
    last_recv_error: enumeration(names.rtrError, i32),
    remote_port: u16,
    version: u8,
    min_version: u8,
  },
  { name: "ctl_show_rtr" },
);

/** `struct network_config`: a network to announce or withdraw. */
export const NetworkConfig = struct(
  {
    prefix: address,
    attrset: tailqHead,
    psname: chars(SET_NAME_LEN),
    rd: u64,
    type: enumeration(names.networkType, u32),
    rtlabel: u16,
    prefixlen: u8,
    priority: u8,
    old: u8,
  },
  { name: "network_config" },
);

/** `struct filter_set`: an attribute of a network to announce. */
export const FilterSet = struct(
  {
    entry: struct({ tqe_next: pointer, tqe_prev: pointer }, { name: "tailq_entry" }),
    action: union(
      {
        prepend: u8,
        id: u16,
        metric: u32,
        relative: i32,
        nexthop: address,
        nh_ref: pointer,
        community: Community,
        pftable: chars(32),
        rtlabel: chars(32),
        origin: enumeration(names.origin, u8),
      },
      {
        tag: "type",
        when: {
          SET_LOCALPREF: "metric",
          SET_RELATIVE_LOCALPREF: "relative",
          SET_MED: "metric",
          SET_RELATIVE_MED: "relative",
          SET_WEIGHT: "metric",
          SET_RELATIVE_WEIGHT: "relative",
          SET_PREPEND_SELF: "prepend",
          SET_PREPEND_PEER: "prepend",
          SET_NEXTHOP: "nexthop",
          SET_NEXTHOP_REF: "nh_ref",
          DEL_COMMUNITY: "community",
          SET_COMMUNITY: "community",
          PFTABLE: "pftable",
          PFTABLE_ID: "id",
          RTLABEL: "rtlabel",
          RTLABEL_ID: "id",
          SET_ORIGIN: "origin",
        },
      },
    ),
    type: enumeration(names.actionType, u32),
  },
  { name: "filter_set" },
);

/** The reason of a reload: `char[REASON_LEN]`. */
export const Reason = struct({ reason: chars(REASON_LEN) }, { name: "reason" });

/** The code of a RESULT: `unsigned int`. */
export const Result = struct({ code: enumeration(names.result, u32) }, { name: "result" });

/** How much the daemon logs: `int`. */
export const Verbose = struct({ verbose: i32 }, { name: "verbose" });
