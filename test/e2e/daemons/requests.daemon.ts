import { afterAll, beforeAll, expect, it } from "vitest";
import { bgpd } from "../../../ts/protocols/bgpd/index.ts";
import { carryOut, documentOf } from "./examples.ts";
import { body, END, type FakeBgpd, type Request, startFake } from "./fake.ts";

const { messages } = bgpd;
let router: FakeBgpd;

beforeAll(async () => {
  router = await startFake();
  const ok = body("RESULT", { code: 0 });
  for (const [name, { type }] of Object.entries(messages)) {
    if (/^NEIGHBOR_|^RELOAD$/.test(name)) router.answers.set(type, [ok]);
    if (/^SHOW_(?!RIB_MEM)|^KROUTE/.test(name)) router.answers.set(type, [END]);
  }
});

afterAll(() => router?.stop());

/** Fields that mean nothing in a request: pointers of bgpctl, and fields that it leaves uninitialized. */
const MEANINGLESS = ["entry", "attrset", "show_timers"];

/** A request without the meaningless fields, and with its flags in one order. */
function meaning(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(meaning);
  const members = Object.entries(value).filter(([name]) => !MEANINGLESS.includes(name));
  return Object.fromEntries(members.map(([name, member]) => [name, meaning(member)]));
}

/** Which requests a command makes. */
async function requestsOf(run: () => Promise<unknown>): Promise<unknown[]> {
  const isOfChange = ({ name }: Request): boolean => name !== "SHOW_RIB_MEM";
  return (await router.requestsOf(run)).filter(isOfChange).map(meaning);
}

/** The client's first requests find out which version bgpd is. */
const PROBE = 1;

const CHANGES = `
neighbor 192.0.2.1 up
neighbor peer-a down
neighbor peer-a down "maintenance, back at 5"
neighbor group customers clear reason
neighbor 2001:db8::1 refresh
neighbor peer-a destroy
reload
reload "new filters"
fib couple
fib decouple
fib table 7 couple
log brief
log verbose
network add 192.0.2.0/24
network add 192.0.2.77/24
network add 2001:db8::1
network add 10.0.0.0/8 community 65001:7 community NO_EXPORT large-community 1:2:3
network add 10.0.0.0/8 ext-community ovs valid ext-community rt 65001:1 ext-community encap 0x8
network add 10.0.0.0/8 localpref 200
network add 10.0.0.0/8 med 10
network add 10.0.0.0/8 metric 10
network add 10.0.0.0/8 weight 7
network add 10.0.0.0/8 prepend-self 3
network add 10.0.0.0/8 prepend-neighbor 2
network add 10.0.0.0/8 nexthop 192.0.2.9
network add 10.0.0.0/8 nexthop blackhole
network add 10.0.0.0/8 nexthop reject
network add 10.0.0.0/8 nexthop no-modify
network add 10.0.0.0/8 rd 65001:100
network add 10.0.0.0/8 rd 192.0.2.1:7
network add 10.0.0.0/8 rd 4200000000:7
network delete 10.0.0.0/8
network delete 10.0.0.0/8 rd 65001:100
network flush
flowspec add inet proto 6
flowspec add inet proto { 6 17 } from any port 80 to 10.1.2.0/23 port { 80 443 8000 - 8080 }
flowspec add inet from 192.0.2.0/25 to any port >= 1024
flowspec add inet to 10.0.0.0/8 port 100 >< 200
flowspec add inet icmp-type 8 code 0 to 10.0.0.0/8
flowspec add inet length { 100 - 1500 70000 } dscp 46 to 10.0.0.1/32
flowspec add inet6 proto != 58 from 2001:db8::/33 to 2001:db8:1::1
flowspec add inet proto 17 to 10.0.0.0/8 set ext-community flow-rate 65001:0
flowspec add inet proto 17 set community 65001:666 nexthop 192.0.2.7
flowspec delete inet proto { 6 17 } from any port 80 to 10.1.2.0/23
flowspec flush
`;

const SHOWS = `
show
show summary terse
show neighbor 192.0.2.1
show neighbor group customers
show neighbor fe80::1%lo
show rib
show rib 192.0.2.7
show rib 192.0.2.7/24 or-longer detail
show rib 2001:db8::1/32 or-shorter best
show rib in neighbor peer-a invalid
show rib out neighbor 192.0.2.1 filtered leaked
show rib neighbor group customers disqualified
show rib ovs valid ovs invalid ovs not-found avs valid avs invalid avs unknown
show rib as 65001
show rib source-as 1.10
show rib transit-as 4294967295
show rib peer-as 0
show rib empty-as table other
show rib path-id 7 VPNv4
show rib community 65001:7
show rib community *:local-as
show rib community neighbor-as:1
show rib community graceful_shutdown
show rib large-community 1:*:neighbor-as
show rib ext-community rt 65001:7
show rib ext-community rt 4200000000:7
show rib ext-community soo 1.10:7
show rib ext-community l2vid 192.0.2.1:7
show rib ext-community rt *
show rib ext-community * *
show rib ext-community ovs not-found
show rib ext-community ovs *
show rib ext-community mac-mob 0x100000002
show rib ext-community flow-rate 65001:1000
show rib ext-community rt local-as:9
show fib
show fib bgp static inet6
show fib table 3 connected nexthop inet
show fib 192.0.2.1
show fib 2001:db8::1
show nexthop
show interfaces
show tables
show sets
show rtr
show network
show network VPNv6
show flowspec
show flowspec inet
show flowspec inet6
`;

/** The words of a command; those in quotes are one. */
const wordsOf = (line: string): string[] =>
  (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
const lines = (text: string): string[] => text.trim().split("\n");

it.each(lines(CHANGES))("asks for `%s` what bgpctl asks for", async (line) => {
  const args = wordsOf(line);
  const theirs = await requestsOf(() => router.bgpctl(...args));
  const mine = await requestsOf(() => carryOut(router.socket, args));
  expect(mine.slice(PROBE)).toEqual(theirs);
  expect(theirs.length).toBeGreaterThan(0);
});

it.each(lines(SHOWS))("asks for `%s` what bgpctl asks for", async (line) => {
  const args = wordsOf(line);
  const theirs = await requestsOf(() =>
    router.bgpctl(
      "-j",
      ...args.map((word) => (word === "invalid" && args[2] === "in" ? "error" : word)),
    ),
  );
  const mine = await requestsOf(() => documentOf(router.socket, args));
  expect(mine.slice(PROBE)).toEqual(theirs);
  expect(theirs.length).toBeGreaterThan(0);
});
