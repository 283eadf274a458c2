import {
  array,
  asNumber,
  bool,
  bytes,
  chars,
  enumeration,
  i8,
  i16,
  i32,
  pointer,
  struct,
  time,
  u8,
  u16,
  u32,
  u64,
} from "../../protocol/index.ts";
import { address } from "./address.ts";
import * as names from "./constants.ts";
import { AID_MAX } from "./constants.ts";
import { IFNAMSIZ, PEER_DESCR_LEN, REASON_LEN, tailqHead } from "./shared.ts";

/** Counters stay far below 2^53. */
const counter = asNumber(u64);

const rbEntry = struct(
  { rbe_left: pointer, rbe_right: pointer, rbe_parent: pointer, rbe_color: i32 },
  { name: "rb_entry" },
);

/** `struct capabilities`: the capabilities of a BGP speaker. Arrays have one element for each `aid`. */
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
