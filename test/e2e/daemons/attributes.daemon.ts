import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../../helpers/port.ts";
import { type RunningBgpd, startBgpd } from "./bgpd.ts";
import { expectSame, reportComparison } from "./comparison.ts";
import { communityMeaning, documentOf, networkOf, textOf } from "./examples.ts";
import { ribListings } from "./listings.ts";
import { until } from "./program.ts";
import * as bgp from "./speaker.ts";

let bgpd: RunningBgpd;
let speaker: bgp.Speaker;

const SEQUENCE = 2;
const SET = 1;
const VPN4 = [1, 128] as const;
const VPN6 = [2, 128] as const;
const EVPN = [25, 70] as const;
const NO_RD = "0000000000000000";
const NEXTHOP6 = bgp.hex("20010db8000000000000000000000001");

/** The well-known communities that IANA has registered. */
const WELL_KNOWN = [...Array(10).keys(), 0x29a, 0xff01, 0xff02, 0xff03, 0xff04];

/** Type 2 of EVPN: a MAC address, perhaps with an IP address. */
const evpnMac = (rd: string, esi: string, ip: string, label: string): number[] => {
  const rest = bgp.hex(`${rd}${esi}0000000030 0011223344aa`.replaceAll(" ", ""));
  const body = [...rest, ip.length * 4, ...bgp.hex(ip), ...bgp.hex(label)];
  return [2, body.length, ...body];
};
/** Type 3 of EVPN: who is reached by multicast. */
const evpnMulticast = (rd: string, ip: string): number[] => {
  const body = [...bgp.hex(`${rd}00000000`), ip.length * 4, ...bgp.hex(ip)];
  return [3, body.length, ...body];
};
const vpn = (label: string, rd: string, bits: number, prefix: string): number[] => [
  88 + bits,
  ...bgp.hex(label + rd + prefix),
];

/** Routes that bgpd cannot originate, with each kind of attribute, community and prefix. */
function everything(): number[][] {
  const path: bgp.Segment[] = [[SEQUENCE, [65002, 4200000000]]];
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => 100_000 + i);
  const with_ = (...more: bgp.Attribute[]): bgp.Attribute[] => [...bgp.basics(path), ...more];
  const long: bgp.Segment[] = [
    [SEQUENCE, [65002, ...numbers(200)]],
    [SEQUENCE, numbers(250)],
  ];
  const set: bgp.Segment[] = [
    [SEQUENCE, [65002]],
    [SET, [64500, 64501, 4200000001]],
  ];
  return [
    bgp.update(bgp.basics(path), bgp.hex("18 0a0100")),
    bgp.update(bgp.basics(long), bgp.hex("18 0a0200")),
    bgp.update(bgp.basics(set), bgp.hex("18 0a0300")),
    bgp.update(
      with_(
        bgp.communities([65001, 7], ...WELL_KNOWN.map((n): [number, number] => [65535, n])),
        bgp.large([65001, 1, 2], [4294967295, 0, 4294967295]),
      ),
      bgp.hex("18 0a0400 10 0a05"),
    ),
    bgp.update(
      with_(
        bgp.extended(
          "0002 fde9 00000064", // rt of a 2-byte AS
          "0202 fa56ea00 0007", // rt of a 4-byte AS
          "0102 c0000201 0005", // rt of an address
          "0003 fde9 ffffffff", // soo
          "030c 0000 00000008", // encap
          "030d 0000 00000000", // defgw
          "0306 0000 00000001", // ort
          "4300 0000 00000000", // ovs valid
          "4300 0000 00000002", // ovs invalid
          "4300 0000 00000009", // ovs, not known
          "4301 1234 56789abc", // opaque, not transitive
          "0600 0100 00000002", // mac-mob
          "0601 0100 00000002", // esi-lab
          "8006 fde9 4c3ebc20", // flow-rate
          "8007 0000 00000003", // flow-action
          "8008 fde9 00000001", // flow-rt-redir
          "8108 c0000201 0001", // flow-rt-redir of an address
          "8208 fa56ea00 0001", // flow-rt-redir of a 4-byte AS
          "00ff fde9 00000001", // no name
          "05ff fde9 00000001", // no type
          "4002 fde9 00000001", // rt, not transitive
          "0109 c0000201 0005", // a subtype of another type
        ),
      ),
      bgp.hex("18 0a0600"),
    ),
    bgp.update(
      with_(
        [bgp.OPTIONAL, 4, bgp.hex("00000065")],
        [bgp.WELL_KNOWN, 6, []],
        [bgp.TRANSITIVE, 7, bgp.hex("fa56ea00 c0000201")],
        [bgp.TRANSITIVE | 0x20, 99, bgp.hex("0102ff")],
        [bgp.TRANSITIVE, 200, []],
        [bgp.TRANSITIVE, 201, Array(300).fill(7)],
        [bgp.TRANSITIVE, 35, bgp.hex("0000fdea")],
      ),
      bgp.hex("19 0a070080 00"),
    ),
    bgp.update(
      with_([bgp.WELL_KNOWN, 1, [2]]).filter((_, i) => i !== 0),
      bgp.hex("18 0a0800"),
    ),
    bgp.update([
      ...bgp.basics(path).slice(0, 2),
      bgp.reach(2, 1, NEXTHOP6, bgp.hex("20 20010db8 60 000000000000000000000000")),
    ]),
    bgp.update([
      ...bgp.basics(path).slice(0, 2),
      bgp.extended("0002 fde9 00000064"),
      bgp.reach(...VPN4, bgp.hex(`${NO_RD}7f000002`), [
        ...vpn("000011", "0000fde900000064", 24, "0a0909"),
        ...vpn("000021", "0001c00002010007", 24, "0a0909"),
        ...vpn("000031", "0002fa56ea000009", 32, "0a090909"),
        ...vpn("000041", "00070000000000ff", 0, ""),
      ]),
    ]),
    bgp.update([
      ...bgp.basics(path).slice(0, 2),
      bgp.reach(
        ...VPN6,
        [...bgp.hex(NO_RD), ...NEXTHOP6],
        vpn("000051", "0000fde900000064", 32, "20010db8"),
      ),
    ]),
    bgp.update([
      ...bgp.basics(path).slice(0, 2),
      bgp.reach(
        ...EVPN,
        [127, 0, 0, 2],
        [
          ...evpnMac("0000fde900000064", "0".repeat(20), "", "000640"),
          ...evpnMac("0000fde900000064", "00112233445566778899", "0a000001", "ffffff"),
          ...evpnMac(
            "0001c00002010007",
            "0".repeat(20),
            "20010db8000000000000000000000001",
            "000640",
          ),
          ...evpnMulticast("0000fde900000064", "c0000201"),
          ...evpnMulticast("0000fde900000065", "20010db8000000000000000000000001"),
        ],
      ),
    ]),
  ];
}

beforeAll(async () => {
  const port = await freePort("127.0.0.1");
  bgpd = await startBgpd({
    port,
    statements: `
reject as-set no
network 192.0.2.0/24 set { localpref 200 community 65001:7 large-community 65001:1:2 }
network 2001:db8:1::/48
network 10.1.0.0/24
flowspec inet proto 6 from any to 10.0.0.0/8 port 80
roa-set {
	10.1.0.0/24 source-as 4200000000
	10.4.0.0/24 source-as 64999
}
aspa-set {
	customer-as 4200000000 provider-as { 65002 }
	customer-as 65002 provider-as { 0 }
}
rde rib "other"
neighbor 127.0.0.2 {
	descr "Grüße, 世界"
	remote-as 65002
	passive
	multihop 2
	announce IPv4 unicast
	announce IPv6 unicast
	announce IPv4 vpn
	announce IPv6 vpn
	announce EVPN
	announce add-path send all
}
deny from any prefix 10.8.0.0/24
allow from any
allow to any
`,
  });
  speaker = await bgp.speak({
    port,
    address: "127.0.0.2",
    as: 65002,
    families: [[2, 1], VPN4, VPN6, EVPN],
  });
  for (const body of everything()) speaker.send(body);
  await until("the routes have come", bgpd.program, async () => {
    const { stdout } = await bgpd.bgpctl("show", "rib", "in");
    return stdout.includes("[3]:[rd 65001:101]") && stdout.includes("10.8.0.0/24");
  });
});

afterAll(async () => {
  reportComparison("attributes");
  await speaker?.close();
  await bgpd?.stop();
});

it("lists the routes of a peer in all filters as bgpctl does, field for field", async () => {
  for (const args of await ribListings(bgpd)) await expectSame(bgpd, args);
});

it.each([[], ["ssv"]])(
  "prints routes in full as bgpctl does, line for line: detail %j",
  async (...how) => {
    /** The lines without how long ago something was. */
    const lines = (text: string): string[] =>
      text
        .trim()
        .replace(/Last update: \S+ ago/g, "Last update: # ago")
        .split("\n");
    for (const words of [["in"], ["out", "neighbor", "127.0.0.2"], []]) {
      const args = ["show", "rib", ...words, "detail", ...how];
      const theirs = lines((await bgpd.bgpctl(...args)).stdout);
      expect(lines(await textOf(bgpd.socket, args))).toEqual(theirs);
      // with ssv, a line for each route; bgpd keeps at least three everywhere
      expect(theirs.length).toBeGreaterThan(2);
      const numeric = lines((await bgpd.bgpctl("-n", ...args)).stdout);
      expect(lines(await textOf(bgpd.socket, args, true))).toEqual(numeric);
      expect(numeric).not.toEqual(theirs);
    }
  },
);

it("compares attributes of every kind", async () => {
  const { rib } = (await bgpd.json("show", "rib", "in", "detail")) as { rib: object[] };
  const text = JSON.stringify(rib);
  for (const part of [
    "{ 64500 64501 4200000001 }",
    "Unknown Attribute #99",
    "Atomic Aggregate",
    "NO_EXPORT",
    "flow-rate",
    "rd 65001:100 10.9.9.0",
    "[2]:[rd 192.0.2.1:7]",
    "mac-mob",
    "OTC",
  ]) {
    expect(text).toContain(part);
  }
});

it("knows what every well-known community means that bgpctl prints, and no other", async () => {
  const { rib } = (await bgpd.json("show", "rib", "in", "10.4.0.0/24", "detail")) as {
    rib: { communities: string[] }[];
  };
  const known = rib[0]!.communities.filter((community) => communityMeaning(community));
  expect(known).toHaveLength(WELL_KNOWN.length);
  expect(rib[0]!.communities.filter((community) => !known.includes(community))).toEqual([
    "65001:7",
  ]);
  expect(known).toEqual(expect.arrayContaining(["BLACKHOLE", "GRACEFUL_SHUTDOWN", "NO_PEER"]));
  expect(communityMeaning("ovs invalid")).toContain("origin is invalid");
});

it("finds a network in every prefix that bgpctl prints, or none, and never fails", async () => {
  const { rib } = (await bgpd.json("show", "rib", "in")) as { rib: { prefix: string }[] };
  const networks = new Map(rib.map(({ prefix }) => [prefix, networkOf(prefix)]));
  const bytes = (prefix: string): number[] => [...(networks.get(prefix)?.bytes ?? [])];
  expect(bytes("rd 65001:100 10.9.9.0/24")).toEqual([10, 9, 9, 0]);
  expect(bytes("10.1.0.0/24")).toEqual([10, 1, 0, 0]);
  expect(networkOf("[3]:[rd 65001:100]:[32]:[192.0.2.1]/32")).toMatchObject({ aid: 0 });
  expect(networkOf("???/24")).toMatchObject({ aid: 0 });
});

it("finds a flowspec redirection, which bgpctl takes for another community", async () => {
  const found = await documentOf(bgpd.socket, [
    ...["show", "rib", "in", "ext-community"],
    ...["flow-rt-redir", "65001:1"],
  ]);
  expect(found).toMatchObject({ rib: [{ prefix: "10.6.0.0/24" }] });
});
