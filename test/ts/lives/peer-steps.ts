import fc from "fast-check";
import { concat } from "../../oracle/reference/codec.ts";
import { sizeOf } from "./sending.ts";
import { cuts, manySizes, rarely, size, step } from "./step.ts";
import type { World } from "./world.ts";

const badLength = fc.constantFrom(0, 15, 0x7fffffff);

const peerSends = ({ inboundOver }: World): boolean => !inboundOver;

/** What the peer and the system do. */
export const PEERS = {
  sends: step(
    "peer sends",
    { sizes: manySizes, cuts, thing: rarely },
    (world, given) => {
      for (const each of given.sizes) {
        const thing = given.thing && world.setup.passes ? world.peerThing() : undefined;
        world.arrive(world.peerMessage(sizeOf(world, each), 0, thing), given.cuts, thing);
      }
    },
    peerSends,
  ),
  /** All at once, in chunks that do not end with the messages. */
  floods: step(
    "peer floods",
    { sizes: manySizes, cuts, garbage: fc.option(badLength, { nil: undefined, freq: 8 }) },
    (world, given) => {
      const messages = given.sizes.map((each) => world.peerMessage(sizeOf(world, each), 0));
      if (given.garbage !== undefined) messages.push(world.garbage(given.garbage));
      world.arrive(concat(messages), given.cuts);
    },
    peerSends,
  ),
  answers: step(
    "peer answers",
    { which: fc.nat(), size, cuts },
    (world, given) => {
      const asked = world.model.requests.filter(({ sent }) => sent.end !== undefined);
      if (asked.length === 0) return;
      const { sent } = asked[given.which % asked.length]!;
      const bytes = world.peerMessage(sizeOf(world, given.size), sent.peerid!);
      world.arrive(bytes, given.cuts);
    },
    (world) => peerSends(world) && world.model.requests.length > 0,
  ),
  sendsGarbage: step(
    "peer sends garbage",
    { length: badLength, cuts },
    (world, given) => world.arrive(world.garbage(given.length), given.cuts),
    peerSends,
  ),
  sendsPart: step(
    "peer sends part of a message",
    { size, of: fc.nat(), ends: fc.boolean() },
    (world, given) => {
      const bytes = world.peerMessage(sizeOf(world, given.size), 0);
      world.inboundOver = true;
      world.arrive(bytes.slice(0, 1 + (given.of % (bytes.length - 1))), []);
      if (given.ends) world.hand.arrive({ event: "ended" });
    },
    peerSends,
  ),
  ends: step(
    "peer ends",
    { dies: fc.boolean() },
    (world, given) => world.peerEnds(given.dies),
    peerSends,
  ),
  hangsUp: step(
    "peer hangs up",
    {},
    (world) => world.hangUp(),
    ({ hungUp }) => !hungUp,
  ),
  resets: step("peer resets", { behind: fc.boolean() }, (world, { behind }) => world.reset(behind)),
  writeFails: step(
    "a write fails",
    {},
    ({ hand }) => hand.failWrite(),
    ({ hand, isScripted }) => isScripted && !hand.finished,
  ),
  sendThrows: step(
    "the next send throws",
    {},
    ({ hand }) => {
      hand.throwsNext = true;
    },
    ({ isScripted }) => isScripted,
  ),
  stalls: step("peer stalls", {}, ({ hand }) => {
    hand.stalled = true;
  }),
  resumes: step("peer resumes", {}, ({ hand }) => {
    hand.stalled = false;
  }),
  takes: step(
    "peer takes",
    { bytes: fc.integer({ min: 1, max: 5000 }) },
    (world, { bytes }) => world.take(bytes),
    ({ hand }) => hand.stalled && !hand.dead,
  ),
};
