import {
  asNumber,
  chars,
  enumeration,
  flags,
  i32,
  long,
  pointer,
  sizeT,
  struct,
  time,
  trailing,
  u32,
  u64,
  union,
} from "../../protocol/index.ts";

const size = asNumber(sizeT);
const fraction = asNumber(long);

/** The parts of smtpd that can be paused: `SMTPD_…`. */
export const statusFlags = {
  EXITING: 0x01,
  MDA_PAUSED: 0x02,
  MTA_PAUSED: 0x04,
  SMTP_PAUSED: 0x08,
  MDA_BUSY: 0x10,
  MTA_BUSY: 0x20,
  BOUNCE_BUSY: 0x40,
  SMTP_DISABLED: 0x80,
} as const;

/** The kinds of statistics: `STAT_…`. */
export const statType = { COUNTER: 0, TIMESTAMP: 1, TIMEVAL: 2, TIMESPEC: 3 } as const;

/** `struct stat_digest`: the counts of the daemon since it started. */
export const StatDigest = struct(
  {
    startup: time,
    timestamp: time,
    clt_connect: size,
    clt_disconnect: size,
    evp_enqueued: size,
    evp_dequeued: size,
    evp_expired: size,
    evp_removed: size,
    evp_bounce: size,
    dlv_ok: size,
    dlv_permfail: size,
    dlv_tempfail: size,
    dlv_loop: size,
  },
  { name: "stat_digest" },
);

/** `struct stat_value`. */
export const StatValue = struct(
  {
    type: enumeration(statType, u32),
    u: union(
      {
        counter: size,
        timestamp: time,
        tv: struct({ tv_sec: time, tv_usec: fraction }, { name: "timeval" }),
        ts: struct({ tv_sec: time, tv_nsec: fraction }, { name: "timespec" }),
      },
      {
        tag: "type",
        when: { COUNTER: "counter", TIMESTAMP: "timestamp", TIMEVAL: "tv", TIMESPEC: "ts" },
      },
    ),
  },
  { name: "stat_value" },
);

/** `struct stat_kv`: one statistic. Send it back to request the next one; `iter` is 0 at the end. */
export const StatKv = struct(
  { iter: pointer, key: chars(1024), val: StatValue },
  { name: "stat_kv" },
);

/** `uint32_t`: the parts that are paused. */
export const Status = struct({ sc_flags: flags(u32, statusFlags) }, { name: "status" });
/** `uint64_t`: an envelope. */
export const EnvelopeId = struct({ evpid: u64 }, { name: "evpid" });
/** `uint32_t`: a message. */
export const MessageId = struct({ msgid: u32 }, { name: "msgid" });
/** Messages, as many as there are. */
export const MessageIds = struct({ msgids: trailing(u32) }, { name: "msgids" });
/** `uint64_t`: a route. */
export const RouteId = struct({ route: u64 }, { name: "route" });
/** `int`: the parts that are traced. */
export const Tracing = struct({ tracing: i32 }, { name: "tracing" });
/** `size_t`: how many envelopes were found. */
export const Found = struct({ envelopes: size }, { name: "found" });
