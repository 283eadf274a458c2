import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, type RunningBgpd, startBgpd } from "./bgpd.ts";
import { ages, type Json, still, words } from "./compare.ts";
import { BgpdError, commands, connectBgpd } from "./examples.ts";
import { output, until } from "./program.ts";

/** Two bgpds that speak BGP with each other; the tests query the first. */
let bgpd: RunningBgpd;
let other: RunningBgpd;

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
prefix-set "some" { 192.0.2.0/24, 198.51.100.0/24 }
as-set "numbers" { 65002 65003 65004 }
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
neighbor 127.1.0.0/16 {
	descr "template"
	passive
}
neighbor ::1 {
	remote-as 65001
	passive
	down "for maintenance"
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
});

afterAll(async () => {
  await other?.stop();
  await bgpd?.stop();
});

/** The document that `bgpctl.mjs --json` prints. */
async function ours(args: readonly string[]): Promise<Json> {
  const argv = [commands.bgpctl, "-s", bgpd.socket, "--json", ...args];
  const { code, stdout, stderr } = await output(process.execPath, argv);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout) as Json;
}

/** Sends the same query with both; bgpctl is run before and after, so that ages must lie between. */
async function expectEqual(theirArgs: readonly string[], ourArgs: readonly string[]) {
  for (let tries = 0; ; tries++) {
    const before = (await bgpd.json(...theirArgs)) as Json;
    const mine = await ours(ourArgs);
    const after = (await bgpd.json(...theirArgs)) as Json;
    // counters may change because the routers exchanged a message in between
    const changed = JSON.stringify(still(before)) !== JSON.stringify(still(after));
    const younger = ages(after).some(([, age], i) => age < ages(before)[i][1]);
    if ((changed || younger) && tries < 10) continue;
    expect(still(mine)).toEqual(still(before));
    const [least, most] = [before, after].map((document) => new Map(ages(document)));
    for (const [place, age] of ages(mine)) {
      expect(age, place).toBeGreaterThanOrEqual(least.get(place) ?? Number.NaN);
      expect(age, place).toBeLessThanOrEqual(most.get(place) ?? Number.NaN);
    }
    expect(ages(mine).map(([place]) => place)).toEqual(ages(before).map(([place]) => place));
    // if no age has changed, the words are the same, too
    const same = new Map(words(before).filter(([p]) => least.get(p) === most.get(p)));
    const spoken = new Map(words(mine).filter(([p]) => same.has(p)));
    expect(Object.fromEntries(spoken)).toEqual(Object.fromEntries(same));
    expect(words(mine)).toHaveLength(words(before).length);
    return mine;
  }
}

/** An object of a document, by its place. */
const at = (value: Json, ...path: (string | number)[]): Json =>
  path.reduce<Json>((inner, key) => (inner as { [name: string]: Json })[key], value);

describe("bgpctl.mjs against bgpctl", () => {
  it("shows neighbors as bgpctl does, field for field", async () => {
    const mine = await expectEqual(["show", "neighbor"], ["neighbors"]);
    const neighbors = at(mine, "neighbors") as Json[];
    expect(neighbors).toHaveLength(4);
    const states = neighbors.map((neighbor) => at(neighbor, "state"));
    expect(states.filter((state) => state === "Established")).toHaveLength(1);
    const established = neighbors[states.indexOf("Established")];
    // the interesting parts were compared
    expect(at(established, "session", "remote", "capabilities", "multiprotocol")).toEqual([
      "IPv4 unicast",
      "IPv6 unicast",
    ]);
    expect(at(established, "session", "capabilities", "add-path")).toHaveLength(2);
    expect(at(established, "session", "remote_role")).toBe("customer");
    expect(at(established, "config", "max_prefix_restart")).toBe(5);
  });

  it("shows the RIB as bgpctl does, field for field", async () => {
    const mine = await expectEqual(["show", "rib"], ["rib"]);
    const entries = at(mine, "rib") as Json[];
    const seen = entries.map((entry) => at(entry, "prefix"));
    expect(seen).toEqual(expect.arrayContaining(["::/96", "2001:db8:0:1::/64", "192.0.2.0/24"]));
    const learnt = entries[seen.indexOf("203.0.113.128/25")];
    expect(learnt).toMatchObject({ aspath: "65002 65002 65002 65002", metric: 77, origin: "EGP" });
  });

  it.each([
    [["203.0.113.0/24"], ["203.0.113.0/24"]],
    [["2001:db8::/32"], ["2001:db8::/32"]],
    [
      ["neighbor", "127.0.0.2"],
      ["--neighbor", "127.0.0.2"],
    ],
    [
      ["neighbor", "established"],
      ["-n", "established"],
    ],
    [["inet"], ["-4"]],
    [["inet6"], ["-6"]],
    [["203.0.113.77/32"], ["203.0.113.77/32"]],
  ])("shows the part %j of the RIB that bgpctl shows", async (theirs, mine) => {
    await expectEqual(["show", "rib", ...theirs], ["rib", ...mine]);
  });

  it("shows the RIB's memory as bgpctl does, field for field", async () => {
    const mine = await expectEqual(["show", "rib", "memory"], ["rib-mem"]);
    expect(at(mine, "sets", "as_set", "count")).toBe(3);
    expect(at(mine, "memory", "attributes_entries", "references")).toBeGreaterThan(0);
  });

  it("shows the FIB tables as bgpctl does, field for field", async () => {
    const mine = await expectEqual(["show", "tables"], ["tables"]);
    expect(at(mine, "fibtables", 0, "coupled")).toBe(false);
  });

  it("prints the same as tables for people", async () => {
    const run = async (...args: string[]) =>
      (await output(process.execPath, [commands.bgpctl, "-s", bgpd.socket, ...args])).stdout;
    expect(await run("neighbors")).toMatch(/^established +127\.0\.0\.2 +65002 .* 2$/m);
    expect(await run("rib")).toMatch(/^ +203\.0\.113\.0\/24 +127\.0\.0\.2 +100 +0 +65002 +IGP$/m);
    expect(await run("rib-mem")).toMatch(/^IPv4 unicast +\d+ +\d+$/m);
    expect(await run("tables")).toMatch(/^ +0 +Loc-RIB +decoupled$/m);
  });
});

describe("bgpctl.mjs", () => {
  it("ends with 1 and says why when no daemon listens", async () => {
    const argv = [commands.bgpctl, "-s", `${bgpd.socket}.absent`, "neighbors"];
    const { code, stdout, stderr } = await output(process.execPath, argv);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^bgpctl\.mjs: ENOENT: /);
  });

  it("ends with 1 and the refusal when the socket is the restricted one", async () => {
    const argv = [commands.bgpctl, "-s", bgpd.restricted, "tables"];
    const { code, stderr } = await output(process.execPath, argv);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "bgpctl.mjs: bgpd refused the request: not allowed on this socket\n",
    });
  });

  it.each([[["nonsense"]], [[]], [["rib", "300.0.0.0/8", "more"]], [["rib", "-4", "-6"]]])(
    "ends with 2 and its usage for %j",
    async (args) => {
      const argv = [commands.bgpctl, "-s", bgpd.socket, ...args];
      const { code, stderr } = await output(process.execPath, argv);
      expect(code).toBe(2);
      expect(stderr).toContain("Usage: ");
    },
  );
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
    expect(neighbors).toHaveLength(4);
    expect(tables).toHaveLength(1);
    expect(memory.memory.total.size).toBeGreaterThan(0);
    await client.close();
  });

  it("waits for its turn when more connect at once than bgpd's queue holds", async () => {
    const clients = await Promise.all(Array.from({ length: 24 }, () => connectBgpd(bgpd.socket)));
    expect(new Set(clients.map(({ pid }) => pid)).size).toBe(24);
    const sizes = await Promise.all(
      clients.map(async (client) => (await client.ribMemory()).memory.total.size),
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
