import {
  chars,
  defineProtocol,
  empty,
  f64,
  i32,
  type Messages,
  struct,
  time,
  u8,
  u32,
} from "../protocol/index.ts";

/** `struct ctl_show_status`. */
export const CtlShowStatus = struct(
  {
    peercnt: u32,
    sensorcnt: u32,
    valid_peers: u32,
    valid_sensors: u32,
    synced: u8,
    stratum: u8,
    clock_offset: f64,
    constraint_median: time,
    constraint_last: time,
    constraint_errors: u32,
  },
  { name: "ctl_show_status" },
);

/** `struct ctl_show_peer`. Offset, delay and jitter are milliseconds. */
export const CtlShowPeer = struct(
  {
    peer_desc: chars(80),
    syncedto: u8,
    weight: u8,
    trustlevel: u8,
    stratum: u8,
    next: time,
    poll: time,
    offset: f64,
    delay: f64,
    jitter: f64,
  },
  { name: "ctl_show_peer" },
);

/** `struct ctl_show_sensor`. */
export const CtlShowSensor = struct(
  {
    sensor_desc: chars(80),
    syncedto: u8,
    weight: u8,
    good: u8,
    stratum: u8,
    next: time,
    poll: time,
    offset: f64,
    correction: f64,
  },
  { name: "ctl_show_sensor" },
);

/** `int`: how many elements a listing had. */
export const Count = struct({ count: i32 }, { name: "count" });

const EVERYTHING = [
  "SHOW_STATUS",
  "SHOW_PEERS",
  "SHOW_PEERS_END",
  "SHOW_SENSORS",
  "SHOW_SENSORS_END",
] as const;

const messages = {
  ADJTIME: { type: 1 },
  ADJFREQ: { type: 2 },
  SETTIME: { type: 3 },
  HOST_DNS: { type: 4 },
  CONSTRAINT_DNS: { type: 5 },
  CONSTRAINT_QUERY: { type: 6 },
  CONSTRAINT_RESULT: { type: 7 },
  CONSTRAINT_CLOSE: { type: 8 },
  CONSTRAINT_KILL: { type: 9 },
  SHOW_STATUS: { type: 10, send: empty, receive: CtlShowStatus, reply: "SHOW_STATUS" },
  SHOW_PEERS: { type: 11, send: empty, receive: CtlShowPeer, lists: "SHOW_PEERS" },
  SHOW_PEERS_END: { type: 12, receive: Count },
  SHOW_SENSORS: { type: 13, send: empty, receive: CtlShowSensor, lists: "SHOW_SENSORS" },
  SHOW_SENSORS_END: { type: 14, receive: Count },
  SHOW_ALL: { type: 15, send: empty, lists: EVERYTHING },
  SHOW_ALL_END: { type: 16, receive: empty },
} as const satisfies Messages;

/** OpenNTPD 6.2's control socket, and the names of the messages between its processes. */
export const ntpd = defineProtocol({
  name: "ntpd",
  version: "OpenNTPD 6.2",
  dialect: "classic",
  ends: ["SHOW_PEERS_END", "SHOW_SENSORS_END", "SHOW_ALL_END"],
  messages,
});
