// Measures the cost of a table of ROUTES routes for bgpd, the relay and a client of the relay.

import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../../../helpers/port.ts";
import { type RunningBgpd, startBgpd } from "../../daemons/bgpd.ts";
import { output } from "../../daemons/program.ts";
import { type Speaker, speak } from "../../daemons/speaker.ts";
import { encoded, WHOLE_RIB } from "../../daemons/wire.ts";
import {
  cells,
  eventually,
  inState,
  openPage,
  search,
  shows,
  startBrowser,
  table,
} from "../browser.ts";
import { type Serving, startServing } from "../own.ts";
import { memoryOf, peakOf, routesProcess, secondsOf } from "./process.ts";
import { announce, MOST, NEIGHBOR, prefixAt, sourceAt } from "./table.ts";

const ROUTES = Number(process.env.ROUTES ?? 20_000);
const CLIENT = fileURLToPath(new URL("client.mjs", import.meta.url));
/** The memory that the relay may need for a client, however many routes bgpd has. */
const ENOUGH = 48 * 2 ** 20;

/** A table up to this size is loaded whole. */
const SMALL = 25_000;
/** Routes that the page shows before it is asked for more. */
const PAGE = 250;
/** The memory that the page's objects may take, however many routes bgpd has. */
const PAGE_HEAP = 32 * 2 ** 20;

/** The bytes of a route's message without its path. */
const LEAST_ENTRY = 16 + 392;

let bgpd: RunningBgpd;
let speaker: Speaker;
let serving: Serving;
let url: string;
let rde: number;

const figures: string[] = [];
const report = (what: string, value: string): void => void figures.push(`${what}: ${value}`);
const ms = (value: number): string =>
  value < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`;
const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
const sleep = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

/** How many routes bgpd has from its neighbor. */
async function received(): Promise<number> {
  const { neighbors } = (await bgpd.json("show", "neighbor")) as {
    neighbors: { stats: { prefixes: { received: number } } }[];
  };
  return neighbors[0]?.stats.prefixes.received ?? 0;
}

beforeAll(async () => {
  if (!Number.isInteger(ROUTES) || ROUTES < 1000 || ROUTES > MOST) {
    throw new Error(`ROUTES: a number from 1000 to ${MOST}, not "${process.env.ROUTES}"`);
  }
  const port = await freePort("127.0.0.1");
  bgpd = await startBgpd({
    port,
    statements: `
neighbor 127.0.0.2 {
	descr "full-table"
	remote-as ${NEIGHBOR}
	passive
}
allow from any
allow to any
`,
  });
  rde = routesProcess(bgpd.program.child.pid!);
  speaker = await speak({ port, address: "127.0.0.2", as: NEIGHBOR });
  const began = performance.now();
  await announce(speaker, ROUTES);
  while ((await received()) < ROUTES) await sleep(50);
  report("bgpd takes the routes in", ms(performance.now() - began));
  report("bgpd's route process has", mb(memoryOf(rde)));
  serving = startServing(["--socket", bgpd.restricted, "--listen", "127.0.0.1:0"]);
  url = await serving.url;
  report("the page's server and relay have, before a client", mb(memoryOf(serving.pid)));
});

afterAll(async () => {
  if (serving !== undefined) report("the server and relay had at most", mb(peakOf(serving.pid)));
  console.log([`${ROUTES} routes`, ...figures.map((line) => `  ${line}`)].join("\n"));
  await serving?.stop();
  await speaker?.close();
  await bgpd?.stop();
});

interface Answer {
  first: number;
  last: number;
  rows: number;
  peak: number;
  next?: { first: number; last: number; rows: number };
}

/** Asks a query in a process of its own. */
async function ask(query: object): Promise<Answer> {
  const { code, stdout, stderr } = await output(process.execPath, [
    CLIENT,
    url,
    JSON.stringify(query),
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

/** The rows of an answer by what bgpctl lists. */
async function rowsOf(...args: string[]): Promise<number> {
  const { rib } = (await bgpd.json("show", "rib", ...args)) as { rib?: unknown[] };
  return rib?.length ?? 0;
}

const MIDDLE = Math.floor(ROUTES / 2);
const [block = ""] = prefixAt(MIDDLE).split(".0/24");
const cover = `${block.split(".").slice(0, 2).join(".")}.0.0/16`;

describe(`${ROUTES} routes through the relay`, () => {
  it.each([
    ["an exact prefix", { prefix: prefixAt(MIDDLE) }, [prefixAt(MIDDLE)]],
    ["an address", { prefix: `${block}.77` }, [`${block}.77`]],
    ["a /16 or-longer", { prefix: cover, include: "or-longer" }, [cover, "or-longer"]],
    [
      "routes of a source AS",
      { as: { place: "source", number: sourceAt(MIDDLE) } },
      ["source-as", String(sourceAt(MIDDLE))],
    ],
    ["routes with a community", { community: `${NEIGHBOR}:77` }, ["community", `${NEIGHBOR}:77`]],
    [
      "an AS that no path has",
      { as: { place: "any", number: 4_000_000_000 } },
      ["as", "4000000000"],
    ],
  ] as const)("answers %s with the rows of bgpctl", async (what, filter, words) => {
    const answer = await ask({ filter });
    expect(answer.rows).toBe(await rowsOf(...words));
    const first = answer.rows === 0 ? "no row" : `the first row after ${ms(answer.first)}`;
    report(what, `${first}, all ${answer.rows} after ${ms(answer.last)}`);
  });

  it("dumps all of them to a client that reads, in bounded memory of the relay", async () => {
    const before = memoryOf(serving.pid);
    const used = [secondsOf(rde), secondsOf(serving.pid)] as const;
    const { rows, first, last, peak } = await ask({ filter: {} });
    expect(rows).toBe(ROUTES);
    report("all routes", `the first row after ${ms(first)}, all ${rows} after ${ms(last)}`);
    report("  seconds of bgpd's route process", (secondsOf(rde) - used[0]).toFixed(2));
    report("  seconds of the server and relay", (secondsOf(serving.pid) - used[1]).toFixed(2));
    report("  the client in Node had at most", mb(peak));
    const grown = memoryOf(serving.pid) - before;
    report("  the server and relay grew by", mb(grown));
    expect(grown).toBeLessThan(ENOUGH);
  });

  it("costs nothing more from the moment on at which a client leaves a dump", async () => {
    const { rows } = await ask({ filter: {}, leaveAfter: 100 });
    expect(rows).toBe(100);
    // the relay ends its connection to bgpd, and bgpd the dump
    await sleep(500);
    const used = [secondsOf(rde), secondsOf(serving.pid)] as const;
    await sleep(1000);
    const busy = [secondsOf(rde) - used[0], secondsOf(serving.pid) - used[1]] as const;
    report("a second after a client left a dump", `bgpd used ${busy[0]} s, the relay ${busy[1]} s`);
    // walking a table costs many ticks a second; idling costs one at most
    expect(busy[0]).toBeLessThan(0.1);
    expect(busy[1]).toBeLessThan(0.1);
  });

  it("keeps the next query of the same connection waiting for the rest of the dump, and no new one", async () => {
    const then = { prefix: prefixAt(MIDDLE) };
    const same = await ask({ filter: {}, leaveAfter: 100, then });
    expect(same.next).toMatchObject({ rows: 1 });
    report("the next query behind a dump, on its connection", ms(same.next!.first));
    const [, fresh] = await Promise.all([ask({ filter: {} }), ask({ filter: then })]);
    expect(fresh.rows).toBe(1);
    report("a query beside a dump, on a new connection", ms(fresh.first));
  });

  it("waits in bgpd while a page does not read, in bounded memory of both", async () => {
    const { port, hash } = new URL(url);
    const socket = connect(Number(port), "127.0.0.1");
    const lines = [
      "GET /relay HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      `Origin: http://127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      `Sec-WebSocket-Protocol: imsg, imsg.token.${hash.replace("#token=", "")}`,
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    const before = [memoryOf(serving.pid), memoryOf(rde)] as const;
    const request = encoded([WHOLE_RIB]);
    // one frame with a mask of zeros
    const head = Buffer.from([
      0x82,
      0x80 | 126,
      request.length >> 8,
      request.length & 255,
      0,
      0,
      0,
      0,
    ]);
    socket.write(Buffer.concat([head, request]));
    await sleep(3000);
    const used = [secondsOf(rde), secondsOf(serving.pid)] as const;
    const during = [memoryOf(serving.pid), memoryOf(rde)] as const;
    await sleep(1000);
    const grown = [during[0] - before[0], during[1] - before[1]] as const;
    report(
      "a page that does not read",
      `the relay grew by ${mb(grown[0])}, bgpd by ${mb(grown[1])}`,
    );
    expect(grown[0]).toBeLessThan(ENOUGH);
    expect(grown[1]).toBeLessThan(ENOUGH);
    // nothing moves any more, and others are answered
    expect(secondsOf(rde) - used[0]).toBeLessThan(0.1);
    expect(secondsOf(serving.pid) - used[1]).toBeLessThan(0.1);
    const other = await ask({ filter: { prefix: prefixAt(MIDDLE) } });
    expect(other.rows).toBe(1);
    report("a query beside it", ms(other.first));
    // the dump was on its way: all of it comes when the page reads again
    let bytes = 0;
    socket.on("data", (piece: Buffer) => {
      bytes += piece.length;
    });
    socket.resume();
    while (bytes < ROUTES * LEAST_ENTRY) await sleep(20);
    socket.destroy();
  });

  it.runIf(ROUTES > SMALL)("costs a page in Chromium a query, and no more memory", async () => {
    const browser = await startBrowser();
    onTestFinished(() => browser.close());
    const page = await openPage(browser, "about:blank");
    const began = performance.now();
    await page.goto(url);
    await inState(page, "connected");
    await eventually(() => page.locator("#routes .note").textContent()).toBe(
      `first ${PAGE} routes`,
    );
    report(`the page's first ${PAGE} rows, from its address on`, ms(performance.now() - began));
    const asked = performance.now();
    await search(page, prefixAt(MIDDLE));
    await shows(page, 1);
    expect((await cells(table(page, "Routes")))[0]!.prefix).toBe(prefixAt(MIDDLE));
    report("a search of the page for an exact prefix", ms(performance.now() - asked));
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    report("the page's objects take", mb(usedSize));
    expect(usedSize).toBeLessThan(PAGE_HEAP);
  });
});
