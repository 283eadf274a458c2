import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../helpers/port.ts";
import { type RunningBgpd, startBgpd } from "./bgpd.ts";
import type { Json } from "./compare.ts";
import { expectSame, reportComparison } from "./comparison.ts";
import { BgpdError, commands, connectBgpd, metricsOf, parseCommand, textOf } from "./examples.ts";
import { plainListings, ribListings } from "./listings.ts";
import { output, until } from "./program.ts";
import { type Speaker, speak } from "./speaker.ts";

/** Two bgpds with a BGP session; the tests query the first. */
let bgpd: RunningBgpd;
let other: RunningBgpd;
let clone: Speaker;

/** A reason that ends a session: UTF-8, a backslash, quotes, and a byte that is no UTF-8. */
const REASON = [...Buffer.from('wartung für "alle" \\ jetzt\t'), 0xff];

/** Ends sessions for reasons that bgpd shows afterwards. */
async function failures(port: number): Promise<void> {
  const wrong = speak({ port, address: "127.0.0.5", as: 65099 });
  await expect(wrong).rejects.toThrow("NOTIFICATION 2/2");
  const ended = await speak({ port, address: "127.0.0.6", as: 65006 });
  await ended.notify(6, 2, Uint8Array.from([REASON.length, ...REASON]));
}

beforeAll(async () => {
  const port = await freePort("127.0.0.1");
  bgpd = await startBgpd({
    port,
    statements: `
network 192.0.2.0/24
network 198.51.100.0/24 set { localpref 200 med 10 weight 5 community 65001:7 }
network 2001:db8::/32
network ::/96
network 2001:db8:0:1::/64
flowspec inet proto { 6 17 } from 192.0.2.0/24 port { 53 1024 - 2047 > 60000 } to any
prefix-set "some" { 192.0.2.0/24, 198.51.100.0/24 }
as-set "numbers" { 65002 65003 65004 }
origin-set "origins" { 192.0.2.0/24 source-as 65001 }
roa-set { 203.0.113.0/24 source-as 65002, 203.0.113.128/25 source-as 65099 }
aspa-set { customer-as 65002 provider-as { 65001 } }
rtr 127.0.0.9 {
	descr "cache"
}
rde rib "second" no evaluate
group "outside" {
	remote-as 65002
	neighbor 127.0.0.2 {
		descr "established"
		passive
		holdtime 90
		holdtime min 30
		max-prefix 1000 restart 5
		max-prefix 500 out
		multihop 3
		announce IPv4 unicast
		announce IPv6 unicast
		announce add-path recv yes
		announce refresh yes
		role provider
	}
	neighbor 127.0.0.22 {
		passive
	}
}
neighbor 127.0.0.3 {
	descr "says \\"nothing\\""
	remote-as 65003
	passive
	ttl-security yes
	announce as-4byte no
	announce refresh no
	announce restart no
}
neighbor 127.0.0.5 {
	descr "Ünïcødé 世界"
	remote-as 65005
	passive
}
neighbor 127.0.0.6 {
	remote-as 65006
	passive
}
neighbor 127.1.0.0/16 {
	descr "template"
	passive
}
neighbor ::1 {
	remote-as 65001
	passive
	down "for maintenance: ü \\\\ done"
}
allow from any
allow to any
`,
  });
  other = await startBgpd({
    as: 65002,
    address: "127.0.0.2",
    statements: `
nexthop qualify via default
network 203.0.113.0/24
network 203.0.113.128/25 set { med 77 origin egp prepend-self 3 community 65002:1 }
neighbor 127.0.0.1 {
	remote-as 65001
	port ${port}
	local-address 127.0.0.2
	multihop 3
	announce IPv4 unicast
		announce IPv6 unicast
	announce add-path send all
	role customer
}
allow from any
allow to any
`,
  });
  await until("the routers have a session", other.program, async () =>
    (await bgpd.bgpctl("show", "rib", "203.0.113.0/24")).stdout.includes("203.0.113.0/24"),
  );
  await failures(port);
  clone = await speak({ port, address: "127.1.0.7", as: 65077 });
});

afterAll(async () => {
  reportComparison("bgpctl");
  await clone?.close();
  await other?.stop();
  await bgpd?.stop();
});

/** The output of `bgpctl.mjs`. */
const client = (...args: string[]) =>
  output(process.execPath, [commands.bgpctl, "-s", bgpd.socket, ...args]);

/** The document that `bgpctl.mjs --json` prints. */
async function printed(args: readonly string[]): Promise<Json> {
  const { code, stdout, stderr } = await client("--json", ...args);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Json;
}

/** An object of a document, by its place. */
const at = (value: Json, ...path: (string | number)[]): Json =>
  path.reduce<Json>((inner, key) => (inner as { [name: string]: Json })[key]!, value);

describe("bgpctl.mjs against bgpctl", () => {
  it("lists everything but routes as bgpctl does, field for field", async () => {
    for (const args of await plainListings(bgpd)) await expectSame(bgpd, args);
  });

  it("lists routes in all filters as bgpctl does, field for field", async () => {
    for (const args of await ribListings(bgpd)) await expectSame(bgpd, args);
  });

  it("compares neighbors with errors, capabilities and reasons", async () => {
    const mine = await expectSame(bgpd, ["show", "neighbor"]);
    const neighbors = at(mine, "neighbors") as Json[];
    const named = (address: string): Json =>
      neighbors.find((neighbor) => at(neighbor, "remote_addr") === address) ?? null;
    const established = named("127.0.0.2");
    expect(at(established, "session", "remote", "capabilities", "multiprotocol")).toEqual([
      "IPv4 unicast",
      "IPv6 unicast",
    ]);
    expect(at(established, "session", "capabilities", "add-path")).toHaveLength(2);
    expect(at(established, "session", "remote_role")).toBe("customer");
    expect(at(established, "config", "max_prefix_restart")).toBe(5);
    expect(at(named("127.0.0.5"), "last_error_sent")).toBe(
      "error in OPEN message, AS unacceptable",
    );
    expect(at(named("127.0.0.6"), "last_error_received")).toBe("Cease, administratively down");
    expect(at(named("127.0.0.6"), "last_shutdown_reason")).toBe(
      'wartung f\\303\\274r "alle" \\\\ jetzt\t\\377',
    );
    expect(at(named("127.1.0.7"), "config", "cloned")).toBe(true);
    expect(at(named("::1"), "my_shutdown_reason")).toBe("for maintenance: \\303\\274 \\\\ done");
  });

  it.each([
    [["show", "neighbor"]],
    [["show", "rib", "detail"]],
    [["show", "rib", "memory"]],
    [["show", "tables"]],
    [["sh", "ri", "203.0.113.128/25", "det"]],
  ])("prints the document of %j as bgpctl does", async (args) => {
    await expectSame(bgpd, args, () => printed(args));
  });

  it.each([
    [["neighbors"], ["show", "neighbor"]],
    [
      ["rib", "-4", "--neighbor", "established"],
      ["show", "rib", "neighbor", "established", "inet"],
    ],
    [["rib-mem"], ["show", "rib", "memory"]],
  ])("has the short form %j of %j", async (short, args) => {
    await expectSame(bgpd, args, () => printed(short));
  });

  it("prints metrics as bgpctl does, line for line", async () => {
    /** Without the numbers that change by themselves: ages and how long the scrape took. */
    const lines = (text: string): string[] =>
      text
        .split("\n")
        .map((line) => (/_seconds[{ ]/.test(line) ? line.replace(/ [\d.]+$/, " #") : line));
    for (let tries = 0; ; tries++) {
      const before = lines((await bgpd.bgpctl("show", "metrics")).stdout);
      const mine = lines(await metricsOf(bgpd.socket));
      const after = lines((await bgpd.bgpctl("show", "metrics")).stdout);
      if (before.join() !== after.join() && tries < 20) continue;
      expect(mine).toEqual(before);
      expect(mine.length).toBeGreaterThan(100);
      return;
    }
  });

  it("prints flowspec rules as they are configured", async () => {
    expect(await printed(["show", "flowspec"])).toEqual({
      flowspec: [
        {
          family: "IPv4 flowspec",
          static: true,
          rule: "proto { 6 17 } from 192.0.2.0/24 port { 53 1024 - 2047 > 60000 } to any",
        },
      ],
    });
  });

  it("prints the same as tables for people", async () => {
    const run = (...args: string[]) => textOf(bgpd.socket, args);
    expect(await run("show")).toMatch(/^established +127\.0\.0\.2 +65002 .* 2$/m);
    expect(await run("show", "rib")).toMatch(
      /^ +V-V +203\.0\.113\.0\/24 +127\.0\.0\.2 +100 +0 +65002 i$/m,
    );
    expect((await client("show", "rib", "memory")).stdout).toMatch(/^IPv4 unicast +\d+ +\d+$/m);
    expect(await run("show", "tables")).toMatch(/^ +0 +Loc-RIB +decoupled$/m);
    const detail = await run("show", "rib", "203.0.113.128/25", "detail");
    expect(detail).toContain("    Communities: 65002:1\n");
    expect(detail).toMatch(/^ +Origin EGP, metric 77, .* ovs invalid, avs valid, external/m);
    expect(await run("show", "neighbor", "established")).toContain("state: Established\n");
  });
});

describe("bgpctl.mjs", () => {
  it("ends with 1 and says why when no daemon listens", async () => {
    const argv = [commands.bgpctl, "-s", `${bgpd.socket}.absent`, "show"];
    const { code, stdout, stderr } = await output(process.execPath, argv);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^bgpctl\.mjs: ENOENT: no such file or directory, connect: /);
  });

  it("ends with 1 and the refusal when the socket is the restricted one", async () => {
    const argv = [commands.bgpctl, "-s", bgpd.restricted, "show", "tables"];
    const { code, stderr } = await output(process.execPath, argv);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "bgpctl.mjs: bgpd refused the request: not allowed on this socket\n",
    });
  });

  it("ends with 1 and bgpctl's document when bgpd refuses", async () => {
    const args = ["show", "rib", "neighbor", "nobody"];
    const { code, stdout, stderr } = await client("-j", ...args);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "bgpctl.mjs: bgpd refused the request: there is no such neighbor\n",
    });
    expect(JSON.parse(stdout)).toEqual(await bgpd.json(...args));
  });

  it("ends with 2 and its usage for a command that is none", async () => {
    const { code, stdout, stderr } = await client("show", "nonsense");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^bgpctl\.mjs: "nonsense" is none of fib, .*\n\nUsage: /);
  });

  it.each([
    [[], "is missing"],
    [["show", "rib", "300.0.0.0/8"], "neither a prefix nor a word"],
    [["show", "s"], "sets or summary"],
    [["show", "rib", "source-as", "4294967296"], "no AS number"],
    [["show", "rib", "source-as"], "AS number is missing"],
    [["show", "rib", "community", "65001"], "no community"],
    [["show", "rib", "community", "1:1", "large-community", "1:1:1"], "one community at a time"],
    [["show", "rib", "ext-community", "rt", "1.2.3:4"], "no community"],
    [["show", "fib", "nowhere"], "no address"],
    [["show", "tables", "more"], "one word too many"],
    [["neighbor", "x", "sideways"], "none of up"],
    [["network", "add", "10.0.0.0/33"], "no prefix"],
    [["flowspec", "add", "inet6", "to", "10.0.0.0/8"], "not of the rule's family"],
    [["flowspec", "add", "inet", "proto", "{", "6"], "no }"],
    [["flowspec", "add", "inet", "from", "any"], "no component"],
  ])("refuses the command %j", (args, why) => {
    expect(() => parseCommand(args)).toThrow(why);
  });
});

describe("the client", () => {
  it("rejects with the daemon's number for a neighbor that does not exist, and stays usable", async () => {
    const client = await connectBgpd(bgpd.socket);
    const listing = client.rib({ neighbor: "nobody" }).next();
    await expect(listing).rejects.toBeInstanceOf(BgpdError);
    await expect(listing).rejects.toMatchObject({ code: 1 });
    expect((await client.fibTables().next()).value).toMatchObject({ rtableid: 0 });
    await client.close();
  });

  it("keeps the replies of requests apart that were made at once, and of one left early", async () => {
    const client = await connectBgpd(bgpd.socket);
    const all = async <T>(records: AsyncIterable<T>): Promise<T[]> => {
      const found: T[] = [];
      for await (const record of records) found.push(record);
      return found;
    };
    for await (const entry of client.rib()) {
      expect(entry.prefix).toContain("/");
      break;
    }
    const [memory, neighbors, tables, entries] = await Promise.all([
      client.ribMemory(),
      all(client.neighbors()),
      all(client.fibTables()),
      all(client.rib()),
    ]);
    const expected = (await bgpd.json("show", "rib")) as { rib: Json[] };
    expect(entries).toHaveLength(expected.rib.length);
    expect(neighbors).toHaveLength(8);
    expect(tables).toHaveLength(1);
    expect(memory.memory.total!.size).toBeGreaterThan(0);
    await client.close();
  });

  it("waits for its turn when more connect at once than bgpd's queue holds", async () => {
    const clients = await Promise.all(Array.from({ length: 24 }, () => connectBgpd(bgpd.socket)));
    expect(new Set(clients.map(({ pid }) => pid)).size).toBe(24);
    const sizes = await Promise.all(
      clients.map(async (client) => (await client.ribMemory()).memory.total!.size),
    );
    expect(new Set(sizes).size).toBe(1);
    await Promise.all(clients.map((client) => client.close()));
  });

  it("announces and withdraws prefixes", async () => {
    const client = await connectBgpd(bgpd.socket);
    const known = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const entry of client.rib()) found.push(entry.prefix);
      return found;
    };
    const mine = ["10.1.2.0/24", "2001:db8:77::/48"];
    await client.announce(mine);
    expect(await known()).toEqual(expect.arrayContaining(mine));
    await client.withdraw(mine);
    expect(await known()).not.toEqual(expect.arrayContaining([mine[0]]));
    await client.close();
  });
});
