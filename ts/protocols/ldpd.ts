import {
  be16,
  bool,
  chars,
  defineProtocol,
  empty,
  enumeration,
  i32,
  in6Addr,
  inAddr,
  type Messages,
  struct,
  time,
  u8,
  u16,
  u32,
  union,
} from "../protocol/index.ts";

const IFNAMSIZ = 16;

/** Address families, by Linux's numbers. */
export const family = { INET: 2, INET6: 10 } as const;

/** Kinds of interfaces: `IF_TYPE_…`. */
export const interfaceType = { POINTOPOINT: 0, BROADCAST: 1 } as const;

/** States of an interface: `IF_STA_…`. */
export const interfaceState = { DOWN: 1, ACTIVE: 2 } as const;

/** States of a neighbor: `NBR_STA_…`. */
export const neighborState = {
  PRESENT: 0x01,
  INITIAL: 0x02,
  OPENREC: 0x04,
  OPENSENT: 0x08,
  OPER: 0x10,
} as const;

/** Kinds of hello messages: `HELLO_…`. */
export const helloType = { LINK: 0, TARGETED: 1 } as const;

/** How sessions are authenticated: `AUTH_…`. */
export const authMethod = { NONE: 0, MD5SIG: 1 } as const;

const af = enumeration(family, i32);
/** `union ldpd_addr`, whose variant the field `af` selects. */
const address = union(
  { v4: inAddr, v6: in6Addr },
  { tag: "af", when: { INET: "v4", INET6: "v6" } },
);

/** `struct ctl_iface`. */
export const CtlIface = struct(
  {
    af,
    name: chars(IFNAMSIZ),
    ifindex: i32,
    state: enumeration(interfaceState, i32),
    type: enumeration(interfaceType, u32),
    hello_holdtime: u16,
    hello_interval: u16,
    uptime: time,
    adj_cnt: u16,
  },
  { name: "ctl_iface" },
);

/** `struct ctl_disc_if`. */
export const CtlDiscIf = struct(
  { name: chars(IFNAMSIZ), active_v4: i32, active_v6: i32, no_adj: i32 },
  { name: "ctl_disc_if" },
);

/** `struct ctl_disc_tnbr`. */
export const CtlDiscTnbr = struct({ af, addr: address, no_adj: i32 }, { name: "ctl_disc_tnbr" });

/** `struct ctl_adj`. */
export const CtlAdj = struct(
  {
    af,
    id: inAddr,
    type: enumeration(helloType, u32),
    ifname: chars(IFNAMSIZ),
    src_addr: address,
    holdtime: u16,
    holdtime_remaining: u16,
    trans_addr: address,
    ds_tlv: i32,
  },
  { name: "ctl_adj" },
);

/** `struct ldp_stats`. */
export const LdpStats = struct(
  {
    kalive_sent: u32,
    kalive_rcvd: u32,
    addr_sent: u32,
    addr_rcvd: u32,
    addrwdraw_sent: u32,
    addrwdraw_rcvd: u32,
    notif_sent: u32,
    notif_rcvd: u32,
    capability_sent: u32,
    capability_rcvd: u32,
    labelmap_sent: u32,
    labelmap_rcvd: u32,
    labelreq_sent: u32,
    labelreq_rcvd: u32,
    labelwdraw_sent: u32,
    labelwdraw_rcvd: u32,
    labelrel_sent: u32,
    labelrel_rcvd: u32,
    labelabreq_sent: u32,
    labelabreq_rcvd: u32,
    unknown_tlv: u32,
    unknown_msg: u32,
  },
  { name: "ldp_stats" },
);

/** `struct ctl_nbr`. */
export const CtlNbr = struct(
  {
    af,
    id: inAddr,
    laddr: address,
    lport: be16,
    raddr: address,
    rport: be16,
    auth_method: enumeration(authMethod, u32),
    holdtime: u16,
    uptime: time,
    nbr_state: enumeration(neighborState, i32),
    stats: LdpStats,
    flags: i32,
    max_pdu_len: u16,
    hold_time_remaining: u16,
  },
  { name: "ctl_nbr" },
);

/** `struct ctl_rt`. */
export const CtlRt = struct(
  {
    af,
    prefix: address,
    prefixlen: u8,
    nexthop: inAddr,
    local_label: u32,
    remote_label: u32,
    flags: u8,
    in_use: u8,
    no_downstream: i32,
  },
  { name: "ctl_rt" },
);

/** `struct ctl_pw`. */
export const CtlPw = struct(
  {
    type: u16,
    l2vpn_name: chars(32),
    ifname: chars(IFNAMSIZ),
    pwid: u32,
    lsr_id: inAddr,
    local_label: u32,
    local_gid: u32,
    local_ifmtu: u16,
    local_cword: u8,
    remote_label: u32,
    remote_gid: u32,
    remote_ifmtu: u16,
    remote_cword: u8,
    status: u32,
    reason: u8,
  },
  { name: "ctl_pw" },
);

/** `struct ctl_ldp_sync`. */
export const CtlLdpSync = struct(
  {
    name: chars(IFNAMSIZ),
    ifindex: i32,
    in_sync: bool,
    timer_running: bool,
    wait_time: u16,
    wait_time_remaining: u16,
    peer_ldp_id: inAddr,
  },
  { name: "ctl_ldp_sync" },
);

/** `unsigned int`: the index of an interface; 0 means every one. */
export const InterfaceIndex = struct({ ifindex: u32 }, { name: "interface" });

const LABELS = ["SHOW_LIB_BEGIN", "SHOW_LIB_SENT", "SHOW_LIB_RCVD", "SHOW_LIB_END"] as const;

const messages = {
  RELOAD: { type: 1, send: empty },
  SHOW_INTERFACE: { type: 2, send: InterfaceIndex, receive: CtlIface, lists: "SHOW_INTERFACE" },
  SHOW_DISCOVERY: { type: 3, send: empty, receive: CtlAdj, lists: "SHOW_DISCOVERY" },
  SHOW_DISCOVERY_DTL: {
    type: 4,
    send: empty,
    lists: ["SHOW_DISC_IFACE", "SHOW_DISC_TNBR", "SHOW_DISC_ADJ"],
  },
  SHOW_DISC_IFACE: { type: 5, receive: CtlDiscIf },
  SHOW_DISC_TNBR: { type: 6, receive: CtlDiscTnbr },
  SHOW_DISC_ADJ: { type: 7, receive: CtlAdj },
  SHOW_NBR: {
    type: 8,
    send: empty,
    receive: CtlNbr,
    lists: ["SHOW_NBR", "SHOW_NBR_DISC", "SHOW_NBR_END"],
  },
  SHOW_NBR_DISC: { type: 9, receive: CtlAdj },
  SHOW_NBR_END: { type: 10, receive: empty },
  SHOW_LIB: { type: 11, send: empty, lists: LABELS },
  SHOW_LIB_BEGIN: { type: 12, receive: CtlRt },
  SHOW_LIB_SENT: { type: 13, receive: CtlRt },
  SHOW_LIB_RCVD: { type: 14, receive: CtlRt },
  SHOW_LIB_END: { type: 15, receive: CtlRt },
  SHOW_L2VPN_PW: { type: 16, send: empty, receive: CtlPw, lists: "SHOW_L2VPN_PW" },
  SHOW_L2VPN_BINDING: { type: 17, send: empty, receive: CtlPw, lists: "SHOW_L2VPN_BINDING" },
  SHOW_LDP_SYNC: { type: 18, send: empty, receive: CtlLdpSync, lists: "SHOW_LDP_SYNC" },
  CLEAR_NBR: { type: 19, send: CtlNbr },
  FIB_COUPLE: { type: 20 },
  FIB_DECOUPLE: { type: 21 },
  KROUTE: { type: 22 },
  KROUTE_ADDR: { type: 23 },
  IFINFO: { type: 24 },
  END: { type: 25, receive: empty },
  LOG_VERBOSE: { type: 26 },
  KLABEL_CHANGE: { type: 27 },
  KLABEL_DELETE: { type: 28 },
  KPW_ADD: { type: 29 },
  KPW_DELETE: { type: 30 },
  KPW_SET: { type: 31 },
  KPW_UNSET: { type: 32 },
  IFSTATUS: { type: 33 },
  NEWADDR: { type: 34 },
  DELADDR: { type: 35 },
  RTRID_UPDATE: { type: 36 },
  LABEL_MAPPING: { type: 37 },
  LABEL_MAPPING_FULL: { type: 38 },
  LABEL_REQUEST: { type: 39 },
  LABEL_RELEASE: { type: 40 },
  LABEL_WITHDRAW: { type: 41 },
  LABEL_ABORT: { type: 42 },
  REQUEST_ADD: { type: 43 },
  REQUEST_ADD_END: { type: 44 },
  MAPPING_ADD: { type: 45 },
  MAPPING_ADD_END: { type: 46 },
  RELEASE_ADD: { type: 47 },
  RELEASE_ADD_END: { type: 48 },
  WITHDRAW_ADD: { type: 49 },
  WITHDRAW_ADD_END: { type: 50 },
  ADDRESS_ADD: { type: 51 },
  ADDRESS_DEL: { type: 52 },
  NOTIFICATION: { type: 53 },
  NOTIFICATION_SEND: { type: 54 },
  NEIGHBOR_UP: { type: 55 },
  NEIGHBOR_DOWN: { type: 56 },
  NETWORK_ADD: { type: 57 },
  NETWORK_UPDATE: { type: 58 },
  SOCKET_IPC: { type: 59 },
  SOCKET_NET: { type: 60 },
  CLOSE_SOCKETS: { type: 61 },
  REQUEST_SOCKETS: { type: 62 },
  SETUP_SOCKETS: { type: 63 },
  RECONF_CONF: { type: 64 },
  RECONF_IFACE: { type: 65 },
  RECONF_TNBR: { type: 66 },
  RECONF_NBRP: { type: 67 },
  RECONF_L2VPN: { type: 68 },
  RECONF_L2VPN_IF: { type: 69 },
  RECONF_L2VPN_PW: { type: 70 },
  RECONF_L2VPN_IPW: { type: 71 },
  RECONF_END: { type: 72 },
  DEBUG_UPDATE: { type: 73 },
  LOG: { type: 74 },
  ACL_CHECK: { type: 75 },
  INIT: { type: 76 },
  PW_UPDATE: { type: 77 },
  FILTER_UPDATE: { type: 78 },
  NBR_SHUTDOWN: { type: 79 },
  LDP_SYNC_IF_STATE_REQUEST: { type: 80 },
  LDP_SYNC_IF_STATE_UPDATE: { type: 81 },
  RLFA_REG: { type: 82 },
  RLFA_UNREG_ALL: { type: 83 },
  RLFA_LABELS: { type: 84 },
  AGENTX_ENABLED: { type: 85 },
} as const satisfies Messages;

/** The control socket of FRR 8.4's ldpd, and the names of the messages between its processes. */
export const ldpd = defineProtocol({
  name: "ldpd",
  version: "FRR ldpd 8.4",
  dialect: "classic",
  ends: ["END"],
  messages,
});
