import {
  array,
  asNumber,
  bool,
  chars,
  enumeration,
  flags,
  i8,
  i32,
  i64,
  pointer,
  sizeT,
  struct,
  time,
  trailing,
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
import { IFNAMSIZ, PEER_DESCR_LEN, REASON_LEN, tailqHead } from "./shared.ts";

const SET_NAME_LEN = 128;

/** Counters stay far below 2^53. */
const counter = asNumber(u64);
const statistic = asNumber(i64);
const size = asNumber(sizeT);

const rbHead = struct({ rbh_root: pointer }, { name: "rb_head" });
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

/** The communities of the route before them: an array of `struct community`. */
export const Communities = struct({ communities: trailing(Community) }, { name: "communities" });

/** `struct flowspec`, with the components behind it in the encoding of RFC 8955. */
export const Flowspec = struct(
  {
    len: u16,
    aid: enumeration(names.aid, u8),
    flags: flags(u8, names.flowspecKinds),
    data: trailing(u8),
  },
  { name: "flowspec" },
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

/** `struct rde_memstats`: the memory that the RIB takes. */
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
