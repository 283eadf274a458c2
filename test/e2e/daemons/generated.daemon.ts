import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen } from "../../../ts/entry/node.ts";
import { bgpd } from "../../../ts/protocols/bgpd/index.ts";
import type { Json } from "./compare.ts";
import { expectSame, reportComparison } from "./comparison.ts";
import { documentOf } from "./examples.ts";
import { type Answer, listings, memory, sample } from "./generated.ts";
import { output, temporaryFolder } from "./program.ts";

/** The seed of all that is generated; IMSG_SEED is another one. */
const SEED = Number(process.env.IMSG_SEED ?? 20);
const COUNT = 200;
const now = process.hrtime()[0];

const { messages } = bgpd;
type Name = keyof typeof messages;
const END: Answer = { type: messages.END.type, data: new Uint8Array() };

/** Speaks as bgpd does, with answers that were generated, to bgpctl and to the client. */
let server: Awaited<ReturnType<typeof listen>>;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let router: { socket: string; json(...args: string[]): Promise<unknown> };
/** What the server answers to each request. */
const answers = new Map<number, Answer[]>();

beforeAll(async () => {
  console.log(`generated: the seed is ${SEED}`);
  folder = await temporaryFolder();
  const socket = join(folder.path, "sock");
  const [first] = sample(memory, 1, SEED);
  answers.set(messages.SHOW_RIB_MEM.type, [first]);
  answers.set(messages.SHOW_RIB_PREFIX.type, [END]);
  server = await listen(
    { path: socket },
    async (channel) => {
      for await (const { type, pid } of channel) {
        for (const answer of answers.get(type) ?? []) await channel.send({ ...answer, pid });
      }
    },
    { maxSize: bgpd.maxSize },
  );
  router = {
    socket,
    async json(...args) {
      const { stdout, stderr } = await output("/usr/sbin/bgpctl", ["-s", socket, "-j", ...args]);
      expect(stderr, args.join(" ")).toBe("");
      return JSON.parse(stdout);
    },
  };
});

afterAll(async () => {
  reportComparison("generated");
  await server?.close();
  await folder?.remove();
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
    // one document for all of them, and one for each if they differ: it is short then
    answers.set(messages[request].type, [...groups.flat(), END]);
    try {
      await expectSame(router, args);
    } catch (error) {
      for (const group of groups) {
        answers.set(messages[request].type, [...group, END]);
        await expectSame(router, args);
      }
      throw error;
    }
  },
);

it("any memory of the RIB is decoded as by bgpctl", async () => {
  for (const answer of sample(memory, 50, SEED)) {
    answers.set(messages.SHOW_RIB_MEM.type, [answer]);
    await expectSame(router, ["show", "rib", "memory"]);
  }
});

it("any refusal has the document that bgpctl prints", async () => {
  for (let code = 1; code < 13; code++) {
    const data = bgpd.encode("RESULT", { code }, "receive");
    answers.set(messages.SHOW_RIB.type, [{ type: messages.RESULT.type, data }]);
    await expectSame(
      router,
      ["show", "rib"],
      async (): Promise<Json> => documentOf(router.socket, ["show", "rib"]),
    );
  }
});
