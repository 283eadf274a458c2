import { describe, expect, it } from "vitest";
import type { RibEntry, RibFilter } from "../../../examples/bgpd/types.ts";

interface Query {
  filters: RibFilter[];
  tests: ((entry: RibEntry) => boolean)[];
  problems: string[];
}
const load = <T>(name: string): Promise<T> =>
  import(new URL(`../../../examples/looking-glass/src/${name}`, import.meta.url).href);
const { queryOf } = await load<{ queryOf(search: string): Query }>("query.ts");
const { withWords } = await load<{
  withWords(search: string, kinds: readonly string[], replacement: string): string;
}>("words.ts");

const route = (more: Partial<RibEntry>): RibEntry => ({
  prefix: "10.7.0.0/16",
  aspath: "64500 64510",
  exit_nexthop: "127.0.0.2",
  true_nexthop: "127.0.0.2",
  neighbor: { description: "customer-east", remote_addr: "127.0.0.2", bgp_id: "127.0.0.2" },
  valid: true,
  source: "external",
  ovs: "valid",
  avs: "unknown",
  origin: "IGP",
  metric: 0,
  localpref: 100,
  weight: 0,
  dmetric: 0,
  last_update: "",
  last_update_sec: 0,
  ...more,
});

describe("a search", () => {
  it.each<[string, RibFilter[]]>([
    ["", [{}]],
    ["192.0.2.1", [{ prefix: "192.0.2.1" }]],
    ["192.0.2.1 or-shorter", [{ prefix: "192.0.2.1", include: "or-shorter" }]],
    [
      "10.0.0.0/8",
      [
        { prefix: "10.0.0.0/8", include: "or-shorter" },
        { prefix: "10.0.0.0/8", include: "or-longer" },
      ],
    ],
    ["10.0.0.0/8 exact", [{ prefix: "10.0.0.0/8" }]],
    ["10.0.0.0/8 or-longer", [{ prefix: "10.0.0.0/8", include: "or-longer" }]],
    ["2001:db8::1", [{ prefix: "2001:db8::1" }]],
    ["10.7", [{ prefix: "10.0.0.0/8", include: "or-longer" }]],
    ["10.7.", [{ prefix: "10.7.0.0/16", include: "or-longer" }]],
    ["2001:db8:1", [{ prefix: "2001:db8::/32", include: "or-longer" }]],
    ["AS64510", [{ as: { place: "any", number: 64510 } }]],
    ["as 64510", [{ as: { place: "any", number: 64510 } }]],
    ["64510", [{ as: { place: "any", number: 64510 } }]],
    ["^64500", [{ as: { place: "peer", number: 64500 } }]],
    ["64510$", [{ as: { place: "source", number: 64510 } }]],
    ["_1_", [{ as: { place: "any", number: 1 } }]],
    ["^$", [{ as: { place: "empty" } }]],
    ["source-as 1.10", [{ as: { place: "source", number: 65546 } }]],
    ["65001:100", [{ community: "65001:100" }]],
    ["65001:1:2", [{ largeCommunity: "65001:1:2" }]],
    ["no_export", [{ community: "no_export" }]],
    ["ext-community rt 65001:1", [{ extCommunity: ["rt", "65001:1"] }]],
    ["rpki:invalid rpki:not-found", [{ ovs: ["invalid", "not-found"] }]],
    ["aspa:valid best", [{ avs: ["valid"], best: true }]],
    ["in neighbor:peer-a", [{ in: true, neighbor: "peer-a" }]],
    ['out neighbor "peer a"', [{ out: true, neighbor: "peer a" }]],
    ["table Adj-RIB-In inet6", [{ table: "Adj-RIB-In", family: 6 }]],
    [
      "bgpctl show rib in neighbor peer-a community 1:2 detail",
      [{ in: true, neighbor: "peer-a", community: "1:2" }],
    ],
    [
      "bgpctl -s /run/x show rib 192.0.2.0/24 or-longer",
      [{ prefix: "192.0.2.0/24", include: "or-longer" }],
    ],
    ["show rib", [{}]],
  ])("%j asks bgpd for what bgpctl would ask for", (search, filters) => {
    const query = queryOf(search);
    expect(query.problems).toEqual([]);
    expect(query.filters).toEqual(filters.map((each) => ({ detail: true, ...each })));
  });

  it.each<[string, Partial<RibEntry>, boolean]>([
    ["customer", {}, true],
    ["CUSTOMER egp", { origin: "EGP" }, true],
    ["nothing", {}, false],
    ["10.7", {}, true],
    ["10.7", { prefix: "10.77.0.0/16" }, true],
    ["10.7", { prefix: "10.8.0.0/16" }, false],
    ["/16", {}, true],
    ["/1", {}, false],
    ["^64500_64510", {}, true],
    ["^64500 64511$", {}, false],
    ["stale", {}, false],
    ["internal", { source: "internal" }, true],
    ["1:2 3:*", { communities: ["1:2", "3:4"] }, true],
    ["1:2 3:*", { communities: ["1:2"] }, false],
  ])("%j tests the rest in the page: %j", (search, more, expected) => {
    const { tests, problems } = queryOf(search);
    expect(problems).toEqual([]);
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.every((test) => test(route(more)))).toBe(expected);
  });

  it.each([
    ["as 99999999999", "AS number"],
    ["rpki:maybe", "valid, invalid and not-found"],
    ["community:1:999999", "below 65536"],
    ["neighbor:", "wants a value"],
    ["^x", "is no path"],
    ["192.0.2.1 192.0.2.2", "one prefix or address at a time"],
    ["in out", "one of them at a time"],
    ["community *:x", "no number"],
  ])("%j is refused with its reason, before bgpd is asked", (search, reason) => {
    expect(queryOf(search).problems.join()).toContain(reason);
  });

  it("loses and gains the words of a control, and keeps the others", () => {
    expect(withWords("10.0.0.0/8 rpki invalid best", ["ovs"], "rpki:valid")).toBe(
      "10.0.0.0/8 best rpki:valid",
    );
    expect(withWords('in neighbor "peer a" best', ["neighbor", "direction"], "")).toBe("best");
  });
});
