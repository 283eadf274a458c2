import { afterAll, beforeAll, expect, it } from "vitest";
import { bgpd } from "../../../ts/protocols/bgpd/index.ts";
import { expectSame, reportComparison } from "./comparison.ts";
import { textOf } from "./examples.ts";
import { body, END, type FakeBgpd, startFake } from "./fake.ts";
import { type Answer, listings, memory, sample } from "./generated.ts";

/** The seed of all that is generated; IMSG_SEED is another one. */
const SEED = Number(process.env.IMSG_SEED ?? 20);
const COUNT = 200;
const now = process.hrtime()[0];

const { messages } = bgpd;
type Name = keyof typeof messages;

/** Sends generated replies in bgpd's protocol to bgpctl and to the client. */
let fake: FakeBgpd;
let router: { socket: string; json(...args: string[]): Promise<unknown> };

beforeAll(async () => {
  console.log(`generated: the seed is ${SEED}`);
  fake = await startFake();
  router = {
    socket: fake.socket,
    async json(...args) {
      const { stdout, stderr } = await fake.bgpctl("-j", ...args);
      expect(stderr, args.join(" ")).toBe("");
      return JSON.parse(stdout);
    },
  };
});

afterAll(async () => {
  reportComparison("generated");
  await fake?.stop();
});

/** Which request each command makes. */
const COMMANDS: [request: Name, answers: keyof ReturnType<typeof listings>, args: string[]][] = [
  ["SHOW_NEIGHBOR", "SHOW_TIMER", ["show", "neighbor", "group", "some", "timers"]],
  ["SHOW_NEIGHBOR", "SHOW_NEIGHBOR", ["show", "neighbor"]],
  ["SHOW_NEIGHBOR", "SHOW_NEIGHBOR", ["show", "summary"]],
  ["SHOW_TERSE", "SHOW_NEIGHBOR", ["show", "summary", "terse"]],
  ["SHOW_RIB", "SHOW_RIB", ["show", "rib", "detail"]],
  ["KROUTE", "KROUTE", ["show", "fib"]],
  ["KROUTE_ADDR", "KROUTE", ["show", "fib", "192.0.2.1"]],
  ["SHOW_NEXTHOP", "SHOW_NEXTHOP", ["show", "nexthop"]],
  ["SHOW_INTERFACE", "SHOW_INTERFACE", ["show", "interfaces"]],
  ["SHOW_FIB_TABLES", "SHOW_FIB_TABLES", ["show", "tables"]],
  ["SHOW_SET", "SHOW_SET", ["show", "sets"]],
  ["SHOW_RTR", "SHOW_RTR", ["show", "rtr"]],
  ["SHOW_NETWORK", "SHOW_NETWORK", ["show", "network"]],
];

it.each(COMMANDS)(
  "answers of %s with any %s are decoded as by bgpctl: %j",
  async (request, kind, args) => {
    const groups: Answer[][] = sample<Answer[]>(listings(now)[kind], COUNT, SEED);
    // compare all groups in one document; only if it differs, one group at a time, for a short failure
    fake.answers.set(messages[request].type, [...groups.flat(), END]);
    try {
      await expectSame(router, args);
    } catch (error) {
      for (const group of groups) {
        fake.answers.set(messages[request].type, [...group, END]);
        await expectSame(router, args);
      }
      throw error;
    }
  },
);

it("any route is printed in full as by bgpctl, line for line", async () => {
  const groups = sample<Answer[]>(listings(now).SHOW_RIB, COUNT, SEED);
  let compared = 0;
  /**
   * The lines without ages, without descriptions, whose control characters bgpctl prints as they are, and
   * without the neighbor's BGP identifier, for which bgpctl prints that of a route distinguisher before it.
   */
  const lines = (text: string): string[] =>
    text
      .replace(/Last update: \S+ ago/g, "Last update: # ago")
      .replace(/ Neighbor [\s\S]*? \([\d.]+\)/g, " Neighbor #")
      // bgpctl does not name an attribute whose length is beyond its message
      .replace(/^ {4}[^:]*: bad length$/gm, "bad length")
      .split("\n");
  for (const group of groups) {
    fake.answers.set(messages.SHOW_RIB.type, [...group, END]);
    const args = ["show", "rib", "detail"];
    const { stdout, stderr } = await fake.bgpctl(...args);
    // bgpctl ends at a route with all flags: its buffer is too small
    if (stderr.includes("fmt_flags buffer too small")) continue;
    expect(lines(await textOf(fake.socket, args))).toEqual(lines(stdout));
    compared++;
  }
  expect(compared).toBeGreaterThan(COUNT / 2);
});

it("any memory of the RIB is decoded as by bgpctl", async () => {
  for (const answer of sample(memory, 50, SEED)) {
    fake.answers.set(messages.SHOW_RIB_MEM.type, [answer]);
    await expectSame(router, ["show", "rib", "memory"]);
  }
});

it("any refusal has the document that bgpctl prints", async () => {
  for (let code = 1; code < 13; code++) {
    fake.answers.set(messages.SHOW_RIB.type, [body("RESULT", { code })]);
    await expectSame(router, ["show", "rib"]);
  }
});
