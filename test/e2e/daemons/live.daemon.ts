import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bgpd as protocol } from "../../../ts/protocols/bgpd/index.ts";
import { freePort } from "../../helpers/port.ts";
import { OLD_BGPD, type RunningBgpd, startBgpd } from "./bgpd.ts";
import { commands, connectBgpd, textOf } from "./examples.ts";
import { startFake } from "./fake.ts";
import { output, until } from "./program.ts";
import * as bgp from "./speaker.ts";

let bgpd: RunningBgpd;
let port: number;

beforeAll(async () => {
  port = await freePort("127.0.0.1");
  bgpd = await startBgpd({
    port,
    statements: `
network 192.0.2.0/24
group "customers" {
	neighbor 127.0.0.2 {
		descr "世界"
		remote-as 65002
		passive
	}
	neighbor 127.0.0.3 {
		descr "two"
		remote-as 65003
		passive
	}
}
allow from any
allow to any
`,
  });
});

afterAll(() => bgpd?.stop());

const client = (...args: string[]) =>
  output(process.execPath, [commands.bgpctl, "-s", bgpd.socket, ...args]);
/** Runs a line of the shell in which $C is the client with the daemon's socket. */
const shell = (line: string, socket = bgpd.socket) => {
  const command = `"${process.execPath}" "${commands.bgpctl}" -s "${socket}"`;
  return output("bash", ["-c", line.replaceAll("$C", command)]);
};

/** Prints the exit code of the first command of a pipeline. */
const STATUS = `echo "\${PIPESTATUS[0]}"`;

const neighbors = async () => {
  const { neighbors: all } = (await bgpd.json("show", "neighbor")) as {
    neighbors: { config: { down: boolean }; my_shutdown_reason?: string }[];
  };
  return all.map(({ config, my_shutdown_reason: reason }) => [config.down, reason]);
};

describe("a change", () => {
  it("of a whole group is carried out at each of its neighbors", async () => {
    const { code, stdout } = await client("-y", "neighbor", "group", "customers", "down", "enough");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "request processed\n" });
    expect(await neighbors()).toEqual([
      [true, "enough"],
      [true, "enough"],
    ]);
    const connection = await connectBgpd(bgpd.socket);
    await connection.changeNeighbors("up", { group: "customers" });
    await connection.changeNeighbors("clear", { neighbor: "two" });
    expect(await neighbors()).toEqual([
      [false, undefined],
      [false, undefined],
    ]);
    // the connection has read the answers of both, and takes the next request
    for await (const table of connection.fibTables()) expect(table).toMatchObject({ rtableid: 0 });
    const refused = connection.changeNeighbors("destroy", { group: "customers" });
    await expect(refused).rejects.toMatchObject({ code: 7 });
    await expect(connection.changeNeighbors("up", { neighbor: "none" })).rejects.toMatchObject({
      code: 1,
      message: "bgpd refused the request: there is no such neighbor",
    });
    expect((await connection.ribMemory()).memory.total!.size).toBeGreaterThan(0);
    await connection.close();
  });

  it("of networks and flowspec rules is in the later listings of bgpd", async () => {
    const connection = await connectBgpd(bgpd.socket);
    const attributes = { community: ["65001:9"], med: 7 };
    await connection.announce(["10.7.0.0/16", "2001:db8:7::/48"], attributes);
    const found = (await bgpd.json("show", "rib", "10.7.0.0/16", "detail")) as { rib: object[] };
    expect(found.rib).toMatchObject([{ communities: ["65001:9"], metric: 7 }]);
    await connection.withdraw(["10.7.0.0/16"]);
    await connection.flushNetworks();
    await connection.close();
    const { rib } = (await bgpd.json("show", "rib")) as { rib: { prefix: string }[] };
    expect(rib.map(({ prefix }) => prefix)).toEqual(["192.0.2.0/24"]);
    const rule = "proto { 6 17 } from any port >= 1024 to 10.1.2.0/23 port { 53 8000 - 8080 }";
    expect((await client("-y", "flowspec", "add", "inet", ...rule.split(" "))).code).toBe(0);
    expect(await textOf(bgpd.socket, ["show", "flowspec"])).toContain(rule);
    expect((await client("-y", "flowspec", "delete", "inet", ...rule.split(" "))).code).toBe(0);
    expect(await textOf(bgpd.socket, ["show", "flowspec"])).not.toContain("proto");
  });

  it("of many networks takes the prefixes of standard input, as bgpctl does, or none of them", async () => {
    const bulk = (input: string, ...args: string[]) =>
      output(
        process.execPath,
        [
          commands.bgpctl,
          "-s",
          bgpd.socket,
          ...args.slice(0, 1),
          "network",
          "bulk",
          ...args.slice(1),
        ],
        input,
      );
    const known = async () => {
      const { rib = [] } = (await bgpd.json("show", "rib", "community", "65001:8")) as {
        rib?: { prefix: string }[];
      };
      return rib.map(({ prefix }) => prefix).sort();
    };
    const text =
      "10.1.0.0/24 10.2.0.0/24\t2001:db8:9::/48 # comment 10.3.0.0/24\n\n#10.4.0.0/24\n10.5.0.7\n";
    const wanted = ["10.1.0.0/24", "10.2.0.0/24", "10.5.0.7/32", "2001:db8:9::/48"];
    const attributes = ["community", "65001:8"];
    const theirs = await output(
      "/usr/sbin/bgpctl",
      ["-s", bgpd.socket, "network", "bulk", "add", ...attributes],
      text,
    );
    expect(theirs.code).toBe(0);
    await until("bgpctl's are there", bgpd.program, async () => (await known()).length === 4);
    expect(await known()).toEqual(wanted);
    expect(await bulk(text, "-y", "delete")).toMatchObject({ code: 0, stdout: "request sent\n" });
    expect(await known()).toEqual([]);
    const wrong = await bulk(`${text}10.6.0.0/33\n`, "-y", "add", ...attributes);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('"10.6.0.0/33" is no prefix');
    expect(await known()).toEqual([]);
    expect(await bulk(text, "-y", "add", ...attributes)).toMatchObject({ code: 0 });
    expect(await known()).toEqual(wanted);
    expect((await bulk(text, "--json", "delete")).code).toBe(2); // no answer to the question
    expect(await known()).toEqual(wanted);
    expect(await bulk("", "-y", "delete")).toMatchObject({ code: 0 });
    await bulk(text, "-y", "delete");
  });

  it("is asked about first, and not made without a terminal or an answer", async () => {
    const { code, stderr } = await client("neighbor", "two", "down");
    expect(code).toBe(2);
    expect(stderr).toContain("--yes means yes, end the session of neighbor two");
    const asked = (answer: string) =>
      shell(
        `(sleep 1; echo ${answer}) | script -qec '$C neighbor two down' /dev/null; exit \${PIPESTATUS[1]}`,
      );
    const no = await asked("n");
    expect(no.stdout).toContain("Shall bgpd end the session of neighbor two? [y/N]");
    expect(no.stdout).toContain("nothing was changed");
    expect(no.code).toBe(1);
    expect((await neighbors()).map(([down]) => down)).toEqual([false, false]);
    expect(await asked("y")).toMatchObject({ code: 0 });
    expect((await neighbors()).map(([down]) => down)).toEqual([false, true]);
    expect((await client("-jy", "neighbor", "two", "up")).stdout).toBe('{\n\t"status": "OK"\n}\n');
  });
});

describe("the output", () => {
  it("of a large table may be closed by its reader", async () => {
    const connection = await connectBgpd(bgpd.socket);
    await connection.announce(
      Array.from({ length: 5000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`),
    );
    expect(await shell(`$C show rib | head -1 > /dev/null; ${STATUS}`)).toEqual({
      code: 0,
      stdout: "0\n",
      stderr: "",
    });
    await connection.flushNetworks();
    await connection.close();
  });

  it("of an error that cannot be written leaves the status", async () => {
    expect(await shell("$C show nonsense 2> /dev/full")).toMatchObject({ code: 2 });
  });

  it("has columns that wide characters and long paths leave straight", async () => {
    const speaker = await bgp.speak({ port, address: "127.0.0.2", as: 65002 });
    const path = Array.from({ length: 200 }, (_, i) => 65002 + i);
    speaker.send(bgp.update(bgp.basics([[2, path]]), bgp.hex("18 0a0200")));
    await until("the route has come", bgpd.program, async () =>
      (await bgpd.bgpctl("show", "rib")).stdout.includes("10.2.0.0/24"),
    );
    const summary = (await textOf(bgpd.socket, ["show"])).trimEnd().split("\n");
    const places = summary.map((line) => stringWidth(line.slice(0, line.search(/127\.|Address/))));
    expect(places).toEqual([10, 10, 10]);
    const rib = (await textOf(bgpd.socket, ["show", "rib"])).split("\n");
    const [own, learnt] = ["192.0.2.0/24", "10.2.0.0/24"].map(
      (prefix) => rib.find((line) => line.includes(prefix)) ?? "",
    );
    expect(learnt!.length).toBeGreaterThan(1000);
    expect(own!.length).toBeLessThan(80);
    await speaker.close();
  });
});

describe("watch neighbors", () => {
  it("prints the changes as they happen, as lines of JSON, until it is ended", async () => {
    const args = [
      commands.bgpctl,
      "-s",
      bgpd.socket,
      "-j",
      "--interval",
      "0.1",
      "watch",
      "neighbors",
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const change = async (address: string, what: string, to: unknown) => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error("watch has ended");
        const record = JSON.parse(value);
        if (record.remote_addr !== address || record.what !== what || record.to !== to) continue;
        return record;
      }
    };
    await change("127.0.0.3", "marked down", "false");
    const speaker = await bgp.speak({ port, address: "127.0.0.3", as: 65003 });
    expect(await change("127.0.0.3", "state", "Established")).toMatchObject({ neighbor: "two" });
    speaker.send(bgp.update(bgp.basics([[2, [65003]]]), bgp.hex("18 0a0300")));
    expect(await change("127.0.0.3", "prefixes received", 1)).toMatchObject({ from: 0 });
    await speaker.notify(6, 2, Uint8Array.from([3, ...Buffer.from("bye")]));
    expect(await change("127.0.0.3", "shutdown reason received", "bye")).not.toHaveProperty("from");
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("ends with its reader", async () => {
    let over = false;
    const reader = shell(`$C watch neighbors --interval 0.05 | head -1 > /dev/null; ${STATUS}`);
    void reader.then(() => {
      over = true;
    });
    // a reader that has gone is noticed at the next change
    while (!over) {
      for (const change of ["down", "up"]) await bgpd.bgpctl("neighbor", "two", change);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await reader).toEqual({ code: 0, stdout: "0\n", stderr: "" });
  });

  it("ends with 1 and the reason when bgpd has gone", async () => {
    const second = await startBgpd();
    const watching = shell("$C watch neighbors --interval 0.05", second.socket);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await second.stop();
    const { code, stderr } = await watching;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^bgpctl\.mjs: .+\n$/);
  });
});

describe("a daemon of another kind", () => {
  it.each([
    ["with neighbors", "neighbor 127.0.0.2 {\n\tremote-as 65002\n\tpassive\n}\n"],
    ["without any", ""],
  ])("that is bgpd 7.7 %s is recognized before anything else is asked", async (_, statements) => {
    const old = await startBgpd({ programs: OLD_BGPD, statements });
    try {
      for (const args of ["show", "show rib", "-j show neighbor", "-y neighbor 127.0.0.2 up"]) {
        const began = Date.now();
        const { code, stdout, stderr } = await shell(`$C ${args}`, old.socket);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toMatch(
          /^bgpctl\.mjs: this is no OpenBGPD 8\.8, whose structures this client /,
        );
        expect(Date.now() - began).toBeLessThan(8000);
      }
      await expect(connectBgpd(old.restricted)).rejects.toThrow("this is no OpenBGPD 8.8");
    } finally {
      await old.stop();
    }
  });

  it("that ignores a request of 8.8's size is recognized without a wait", async () => {
    const fake = await startFake();
    fake.answers.set(protocol.messages.SHOW_RIB_PREFIX.type, []);
    await expect(connectBgpd(fake.socket)).rejects.toThrow("it ignores a request for routes");
    await fake.stop();
  });

  it("that never answers ends every wait after its limit", async () => {
    const fake = await startFake();
    const hangs = await shell("$C --timeout 0.3 show rib", fake.socket);
    expect(hangs.code).toBe(1);
    expect(hangs.stderr).toContain("no answer to SHOW_RIB within 300 ms");
    const change = await shell("$C --timeout 0.3 -y neighbor x up", fake.socket);
    expect({ ...change, stderr: "" }).toMatchObject({ code: 0 }); // the fence is answered
    fake.answers.clear();
    const silent = await shell("$C --timeout 0.3 show", fake.socket);
    expect(silent.code).toBe(1);
    expect(silent.stderr).toContain("bgpd did not answer within 300 ms");
    await fake.stop();
  });
});

it("tries Debian's socket by default, and then OpenBSD's", async () => {
  for (const place of ["/run/openbgpd/bgpd.sock.0", "/run/bgpd.sock.0"]) {
    const inNamespace = `mkdir /tmp/$$ && S=/tmp/$$/sock && ln "${bgpd.socket}" $S &&
      mount -t tmpfs tmpfs /run && mkdir /run/openbgpd && ln -s $S ${place} &&
      "${process.execPath}" "${commands.bgpctl}" show tables; rm -r /tmp/$$`;
    const { stdout, stderr } = await output("unshare", ["-m", "bash", "-c", inNamespace]);
    expect(stderr).toBe("");
    expect(stdout).toContain("Loc-RIB");
  }
});
