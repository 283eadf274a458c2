// The numbers of OpenBGPD 8.8, by its own names without their prefixes.

/** Address families: `AID_…`. */
export const aid = {
  UNSPEC: 0,
  INET: 1,
  INET6: 2,
  VPN_IPv4: 3,
  VPN_IPv6: 4,
  FLOWSPECv4: 5,
  FLOWSPECv6: 6,
  EVPN: 7,
} as const;

/** How many address families there are: `AID_MAX`. */
export const AID_MAX = 8;

/** Codes of a RESULT: `CTL_RES_…`. */
export const result = {
  OK: 0,
  NOSUCHPEER: 1,
  DENIED: 2,
  NOCAP: 3,
  PARSE_ERROR: 4,
  PENDING: 5,
  NOMEM: 6,
  BADPEER: 7,
  BADSTATE: 8,
  NOSUCHRIB: 9,
  OPNOTSUPP: 10,
} as const;

/** States of a session: `STATE_…`. */
export const sessionState = {
  NONE: 0,
  IDLE: 1,
  CONNECT: 2,
  ACTIVE: 3,
  OPENSENT: 4,
  OPENCONFIRM: 5,
  ESTABLISHED: 6,
} as const;

/** Roles of RFC 9234: `ROLE_…`. */
export const role = { NONE: 0, CUSTOMER: 1, PROVIDER: 2, RS: 3, RS_CLIENT: 4, PEER: 5 } as const;

/** Actions of a reload: `RECONF_…`. */
export const reconfAction = { NONE: 0, KEEP: 1, REINIT: 2, RELOAD: 3, DELETE: 4 } as const;

/** Which additional paths are sent: `ADDPATH_EVAL_…`. */
export const addpathMode = { NONE: 0, BEST: 1, ECMP: 2, AS_WIDE: 3, ALL: 4 } as const;

/** Kinds of exports to a neighbor: `EXPORT_…`. */
export const exportType = { UNSET: 0, NONE: 1, DEFAULT_ROUTE: 2 } as const;

/** Whether an AS is enforced: `ENFORCE_AS_…`. */
export const enforceAs = { UNDEF: 0, OFF: 1, ON: 2 } as const;

/** How sessions are authenticated: `AUTH_…`. */
export const authMethod = {
  NONE: 0,
  MD5SIG: 1,
  IPSEC_MANUAL_ESP: 2,
  IPSEC_MANUAL_AH: 3,
  IPSEC_IKE_ESP: 4,
  IPSEC_IKE_AH: 5,
} as const;

/** Algorithms of authentication: `AUTH_AALG_…`. */
export const authAlg = { NONE: 0, SHA1HMAC: 1, MD5HMAC: 2 } as const;

/** Algorithms of encryption: `AUTH_EALG_…`. */
export const authEncAlg = { NONE: 0, "3DESCBC": 1, AES: 2 } as const;

/** Where a network of the daemon's own comes from: `NETWORK_…`. */
export const networkType = {
  DEFAULT: 0,
  STATIC: 1,
  CONNECTED: 2,
  RTLABEL: 3,
  MRTCLONE: 4,
  PRIORITY: 5,
  PREFIXSET: 6,
} as const;

/** Errors of RTR sessions: members of `enum rtr_error`. */
export const rtrError = {
  NO_ERROR: -1,
  CORRUPT_DATA: 0,
  INTERNAL_ERROR: 1,
  NO_DATA_AVAILABLE: 2,
  INVALID_REQUEST: 3,
  UNSUPP_PROTOCOL_VERS: 4,
  UNSUPP_PDU_TYPE: 5,
  UNK_REC_WDRAWL: 6,
  DUP_REC_RECV: 7,
  UNEXP_PROTOCOL_VERS: 8,
} as const;

/** Kinds of sets: `…_SET`. */
export const setType = { ASNUM: 0, PREFIX: 1, ORIGIN: 2, ROA: 3, ASPA: 4 } as const;

/** Which ASes of a path a request matches: `AS_…`. */
export const asSpec = { UNDEF: 0, ALL: 1, SOURCE: 2, TRANSIT: 3, PEER: 4, EMPTY: 5 } as const;

/** Timers of a session: `Timer_…`. */
export const timer = {
  None: 0,
  ConnectRetry: 1,
  Keepalive: 2,
  Hold: 3,
  SendHold: 4,
  IdleHold: 5,
  IdleHoldReset: 6,
  CarpUndemote: 7,
  RestartTimeout: 8,
  SessionDown: 9,
  Rtr_Refresh: 10,
  Rtr_Retry: 11,
  Rtr_Expire: 12,
  Rtr_Active: 13,
} as const;

/** Actions of a filter: `ACTION_…`. */
export const actionType = {
  SET_LOCALPREF: 0,
  SET_RELATIVE_LOCALPREF: 1,
  SET_MED: 2,
  SET_RELATIVE_MED: 3,
  SET_WEIGHT: 4,
  SET_RELATIVE_WEIGHT: 5,
  SET_PREPEND_SELF: 6,
  SET_PREPEND_PEER: 7,
  SET_AS_OVERRIDE: 8,
  SET_NEXTHOP: 9,
  SET_NEXTHOP_REF: 10,
  SET_NEXTHOP_REJECT: 11,
  SET_NEXTHOP_BLACKHOLE: 12,
  SET_NEXTHOP_NOMODIFY: 13,
  SET_NEXTHOP_SELF: 14,
  DEL_COMMUNITY: 15,
  SET_COMMUNITY: 16,
  PFTABLE: 17,
  PFTABLE_ID: 18,
  RTLABEL: 19,
  RTLABEL_ID: 20,
  SET_ORIGIN: 21,
} as const;

/** Where a route comes from: `ORIGIN_…`. */
export const origin = { IGP: 0, EGP: 1, INCOMPLETE: 2 } as const;

/** Results of origin validation: `ROA_…`. */
export const roaState = { NOTFOUND: 0, INVALID: 1, VALID: 2 } as const;

/** Results of path validation: `ASPA_…`. */
export const aspaState = { UNKNOWN: 0, INVALID: 1, VALID: 2, NEVER_KNOWN: 8 } as const;

/** Flags of a route: `F_PREF_…`. */
export const routeFlags = {
  ELIGIBLE: 0x001,
  BEST: 0x002,
  INTERNAL: 0x004,
  ANNOUNCE: 0x008,
  STALE: 0x010,
  INVALID: 0x020,
  PATH_ID: 0x040,
  OTC_LEAK: 0x080,
  ECMP: 0x100,
  AS_WIDE: 0x200,
  FILTERED: 0x400,
} as const;

/** Kernel routes: `F_…`; the flags of a request for routes are among them: `F_CTL_…`. */
export const requestFlags = {
  BGPD: 0x0001,
  BGPD_INSERTED: 0x0002,
  CONNECTED: 0x0004,
  STATIC: 0x0008,
  NEXTHOP: 0x0010,
  REJECT: 0x0020,
  BLACKHOLE: 0x0040,
  MPLS: 0x0080,
  LONGER: 0x0200,
  SHORTER: 0x0400,
  CTL_DETAIL: 0x1000,
  CTL_ADJ_IN: 0x2000,
  CTL_ADJ_OUT: 0x4000,
  CTL_BEST: 0x8000,
  CTL_INELIGIBLE: 0x10000,
  CTL_LEAKED: 0x20000,
  CTL_INVALID: 0x40000,
  CTL_OVS_VALID: 0x80000,
  CTL_OVS_INVALID: 0x100000,
  CTL_OVS_NOTFOUND: 0x200000,
  CTL_NEIGHBORS: 0x400000,
  CTL_HAS_PATHID: 0x800000,
  CTL_AVS_VALID: 0x1000000,
  CTL_AVS_INVALID: 0x2000000,
  CTL_AVS_UNKNOWN: 0x4000000,
  CTL_FILTERED: 0x8000000,
  CTL_SSV: 0x80000000,
} as const;

/** The part of {@link requestFlags} that fits the 16 bits of a kernel route. */
export const routeKinds = {
  BGPD: 0x0001,
  BGPD_INSERTED: 0x0002,
  CONNECTED: 0x0004,
  STATIC: 0x0008,
  NEXTHOP: 0x0010,
  REJECT: 0x0020,
  BLACKHOLE: 0x0040,
  MPLS: 0x0080,
} as const;

/** The part of {@link requestFlags} that fits the 8 bits of a flowspec rule. */
export const flowspecKinds = {
  BGPD: 0x01,
  BGPD_INSERTED: 0x02,
  CONNECTED: 0x04,
  STATIC: 0x08,
  NEXTHOP: 0x10,
  REJECT: 0x20,
  BLACKHOLE: 0x40,
  MPLS: 0x80,
} as const;
