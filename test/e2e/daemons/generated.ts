// Random answers of a bgpd: every field of every structure has values that no daemon here produces.

import fc from "fast-check";
import * as bgpd from "../../../ts/protocols/bgpd/index.ts";
import {
  anyAddress,
  bool,
  bytesOf,
  counter,
  i8,
  plain,
  reason,
  seconds,
  text,
  u8,
  u16,
  u32,
  upTo,
} from "./generated-parts.ts";

/** A message that a bgpd may send. */
export interface Answer {
  type: number;
  data: Uint8Array;
}

const { messages } = bgpd.bgpd;
type Name = keyof typeof messages;

const answer = (name: Name, value: unknown): Answer => ({
  type: messages[name].type,
  data: bgpd.bgpd.encode(name, value, "receive"),
});

const grestart = fc.record({
  timeout: fc.nat({ max: 4095 }),
  flags: fc.array(fc.nat({ max: 7 }), { minLength: 8, maxLength: 8 }),
  restart: i8,
  grnotification: i8,
});
const eight = fc.array(i8, { minLength: 8, maxLength: 8 });
const capabilities = fc.oneof(
  fc.constant({}),
  fc.record({
    grestart,
    mp: eight,
    add_path: eight,
    refresh: i8,
    as4byte: i8,
    enhanced_rr: i8,
    policy: i8,
    ext_msg: i8,
  }),
);

const conf = fc.record({
  remote_addr: plain,
  capabilities,
  group: text(64),
  descr: text(64),
  remote_as: u32,
  max_prefix: fc.oneof(fc.constant(0), u32),
  max_out_prefix: fc.oneof(fc.constant(0), u32),
  role: upTo(7),
  max_prefix_restart: fc.oneof(fc.constant(0), u16),
  max_out_prefix_restart: fc.oneof(fc.constant(0), u16),
  holdtime: u16,
  min_holdtime: u16,
  template: bool,
  remote_masklen: u8,
  ebgp: bool,
  distance: upTo(3),
  passive: bool,
  down: bool,
  ttlsec: bool,
});

const COUNTERS = bgpd.PeerStats.members
  .filter(({ size, path, type }) => (size === 8 || type === "u32") && !path.startsWith("last_"))
  .map(({ path, size }) => [path, size === 8 ? counter : u32] as const);

const stats = (now: number) =>
  fc.record({
    ...Object.fromEntries(COUNTERS),
    last_updown: seconds(now),
    last_read: seconds(now),
    last_write: seconds(now),
    last_sent_errcode: upTo(8),
    last_sent_suberr: upTo(13),
    last_rcvd_errcode: upTo(8),
    last_rcvd_suberr: upTo(13),
  });

/** Writes bytes into a field of a message that has been encoded. */
function patched(
  data: Uint8Array,
  layout: typeof bgpd.Peer | typeof bgpd.CtlShowRtr,
  path: string,
  bytes: Uint8Array,
): Uint8Array {
  const { offset, size } = layout.members.find((member) => member.path === path)!;
  const end = bytes.indexOf(0);
  data.set(bytes.subarray(0, Math.min(size - 1, end === -1 ? bytes.length : end)), offset);
  return data;
}

const timers = fc.array(
  fc
    .record({ type: upTo(15), val: fc.integer({ min: -5, max: 100_000 }) })
    .map((timer) => answer("SHOW_TIMER", timer)),
  { maxLength: 3 },
);

/** A neighbor with its timers. */
export const neighbor = (now: number) =>
  fc
    .record({
      peer: fc.record({
        conf,
        stats: stats(now),
        capa: fc.record({ ann: capabilities, peer: capabilities, neg: capabilities }),
        auth_conf: fc.record({ method: upTo(6) }),
        local: plain,
        remote: plain,
        template: fc.constantFrom(0n, 0x5555n),
        remote_bgpid: u32,
        state: upTo(6),
        remote_role: upTo(7),
        holdtime: u16,
        local_port: u16,
        remote_port: u16,
      }),
      mine: reason,
      theirs: reason,
      timers,
    })
    .map(({ peer, mine, theirs, timers: running }) => {
      const message = answer("SHOW_NEIGHBOR", peer);
      patched(message.data, bgpd.Peer, "conf.reason", mine);
      patched(message.data, bgpd.Peer, "stats.last_reason", theirs);
      return [message, ...running];
    });

const segment = fc
  .tuple(fc.constantFrom(1, 2, 2, 3, 4, 7), fc.array(u32, { minLength: 1, maxLength: 8 }))
  .map(([type, numbers]) => {
    const bytes = Buffer.alloc(2 + 4 * numbers.length);
    bytes.set([type, numbers.length]);
    for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 2 + 4 * i);
    return bytes;
  });
const longPath = fc
  .array(u32, { minLength: 255, maxLength: 255 })
  .map((numbers) => [
    2,
    255,
    ...numbers.flatMap((n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]),
  ])
  .map((bytes) => Uint8Array.from([...bytes, ...bytes, ...bytes]));
const path = fc.oneof(
  {
    arbitrary: fc.array(segment, { maxLength: 4 }).map((all) => new Uint8Array(Buffer.concat(all))),
    weight: 30,
  },
  { arbitrary: longPath, weight: 1 },
);

const names = <T extends object>(object: T) => Object.keys(object) as (keyof T)[];
const routeFlags = names(bgpd.routeFlags);
const routeKinds = names(bgpd.routeKinds);

const KINDS = { basic: 8, extended: 16, large: 32 };
const SPECIAL = fc.constantFrom(0, 0x29a, 0xff01, 0xff02, 0xff03, 0xff04, 1);
const basic = fc
  .tuple(fc.oneof(fc.constant(0xffff), u16), fc.oneof(SPECIAL, u16))
  .map(([data1, data2]) => ({ flags: KINDS.basic, data1, data2, data3: 0 }));
const largeOne = fc
  .tuple(u32, u32, u32)
  .map(([data1, data2, data3]) => ({ flags: KINDS.large, data1, data2, data3 }));
const types = [0, 1, 2, 3, 6, 0x40, 0x41, 0x42, 0x43, 0x80, 0x81, 0x82, 0x05, 0xff];
const extendedOne = fc
  .tuple(fc.constantFrom(...types), fc.oneof(upTo(13), u8), u32, fc.oneof(upTo(3), u32), bool)
  .map(([type, subtype, data1, data2, isZero]) => ({
    flags: KINDS.extended,
    data1: isZero ? 0 : data1,
    // bgpctl cuts a redirection to an address and a long number after 31 characters
    data2: type === 0x81 ? data2 & 7 : data2,
    data3: (type << 8) | subtype,
  }));
/** bgpd keeps them in the order of their kinds. */
const allCommunities = fc
  .tuple(
    fc.array(basic, { maxLength: 4 }),
    fc.array(extendedOne, { maxLength: 4 }),
    fc.array(largeOne, { maxLength: 3 }),
  )
  .map((lists) => lists.flat());

/** An attribute with a value of its kind, and perhaps one byte too few or too many. */
const attribute = fc
  .tuple(
    fc.constantFrom(
      [1, 1],
      [3, 4],
      [4, 4],
      [5, 4],
      [6, 0],
      [7, 8],
      [7, 6],
      [9, 4],
      [18, 8],
      [35, 4],
      [99, 5],
      [200, 0],
      [201, 300],
    ),
    fc.constantFrom(0xc0, 0x80, 0x40, 0xe0, 0xd0),
    fc.constantFrom(0, 0, 0, 1, -1),
    bytesOf(301),
    fc.constantFrom(0, 0, 0, 2),
  )
  .map(([[type, length], flags, more, bytes, missing]) => {
    const size = Math.max(0, length + more);
    const isLong = size > 255 || (flags & 0x10) !== 0;
    const head = isLong ? [flags | 0x10, type, size >> 8, size & 255] : [flags, type, size];
    return Uint8Array.from([...head, ...bytes.subarray(0, Math.max(0, size - missing))]);
  });
const clusters = fc
  .array(bytesOf(4), { maxLength: 3 })
  .map((ids) => Uint8Array.from([0x80, 10, ids.length * 4, ...ids.flatMap((id) => [...id])]));

/** A route with its communities and attributes. */
export const route = fc
  .record({
    rib: fc.record({
      true_nexthop: anyAddress,
      exit_nexthop: anyAddress,
      prefix: anyAddress,
      remote_addr: anyAddress,
      descr: text(64),
      age: fc.oneof(fc.integer({ min: -10, max: 100_000 }), fc.nat({ max: 2 ** 31 })),
      remote_id: u32,
      path_id: u32,
      local_pref: u32,
      med: u32,
      weight: u32,
      flags: fc.subarray(routeFlags),
      prefixlen: u8,
      origin: upTo(4),
      roa_validation_state: upTo(4),
      aspa_validation_state: upTo(9),
      dmetric: fc.integer({ min: -128, max: 127 }),
      aspath: path,
    }),
    communities: allCommunities,
    attributes: fc.array(fc.oneof(attribute, attribute, clusters), { maxLength: 4 }),
  })
  .map(({ rib, communities, attributes }) => [
    answer("SHOW_RIB", rib),
    ...(communities.length > 0 ? [answer("SHOW_RIB_COMMUNITIES", { communities })] : []),
    ...attributes.map((data) => ({ type: messages.SHOW_RIB_ATTR.type, data })),
  ]);

const kroute = fc.record({
  prefix: anyAddress,
  nexthop: anyAddress,
  mplslabel: u32,
  flags: fc.subarray(routeKinds),
  ifindex: u16,
  prefixlen: u8,
  priority: u8,
});
const netif = fc.record({
  ifname: fc.oneof(fc.constant(""), text(16)),
  linkstate: text(32),
  media: fc.oneof(fc.constant(""), text(32)),
  baudrate: counter,
  rdomain: u32,
  nh_reachable: bool,
  is_up: bool,
});
const nexthop = fc.record({ addr: plain, iface: netif, kr: kroute, valid: bool, krvalid: bool });
const table = fc.record({
  descr: text(64),
  rtableid: upTo(0x7fffffff),
  fib_conf: bool,
  fib_sync: bool,
});
const set = (now: number) =>
  fc.record({
    name: text(128),
    lastchange: seconds(now),
    v4_cnt: counter,
    v6_cnt: counter,
    as_cnt: counter,
    type: upTo(6),
  });

const rtr = fc
  .record({
    session: fc.record({
      descr: text(64),
      state: text(64),
      remote_addr: plain,
      local_addr: fc.oneof(fc.constant(""), plain),
      serial: u32,
      refresh: u32,
      retry: u32,
      expire: u32,
      session_id: fc.oneof(fc.constant(-1), u16),
      last_sent_error: fc.integer({ min: -1, max: 10 }),
      last_recv_error: fc.integer({ min: -1, max: 10 }),
      remote_port: u16,
      version: u8,
      min_version: u8,
    }),
    sent: reason,
    received: reason,
    timers,
  })
  .map(({ session, sent, received, timers: running }) => {
    const message = answer("SHOW_RTR", session);
    patched(message.data, bgpd.CtlShowRtr, "last_sent_msg", sent);
    patched(message.data, bgpd.CtlShowRtr, "last_recv_msg", received);
    return [message, ...running];
  });

const use = fc.oneof(fc.constant(0), fc.nat({ max: 2 ** 40 }));
/** The memory that the RIB takes. */
export const memory = fc
  .record(
    Object.fromEntries(
      bgpd.RdeMemstats.members
        .filter(({ path }) => !path.includes("["))
        .map(({ path }) => [
          path,
          path.startsWith("pt_") ? fc.array(use, { minLength: 8, maxLength: 8 }) : use,
        ]),
    ),
  )
  .map((value) => answer("SHOW_RIB_MEM", value));

const lone = <T>(name: Name, arbitrary: fc.Arbitrary<T>) =>
  arbitrary.map((value) => [answer(name, value)]);

/** The answers of each listing. */
export const listings = (now: number) => ({
  SHOW_NEIGHBOR: neighbor(now).map((answers) => answers.slice(0, 1)),
  SHOW_TIMER: neighbor(now),
  SHOW_RIB: route,
  KROUTE: lone("KROUTE", kroute),
  SHOW_NEXTHOP: lone("SHOW_NEXTHOP", nexthop),
  SHOW_INTERFACE: lone("SHOW_INTERFACE", netif),
  SHOW_FIB_TABLES: lone("SHOW_FIB_TABLES", table),
  SHOW_SET: lone("SHOW_SET", set(now)),
  SHOW_RTR: rtr,
  SHOW_NETWORK: lone("SHOW_NETWORK", kroute),
});

/** Returns `count` values of an arbitrary, by a seed. */
export const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): T[] =>
  fc.sample(arbitrary, { numRuns: count, seed });
