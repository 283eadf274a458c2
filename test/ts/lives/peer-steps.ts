import fc from "fast-check";
import { concat } from "../../oracle/reference/codec.ts";
import { sizeOf } from "./sending.ts";
import { cuts, manySizes, rarely, size, step } from "./step.ts";
import { TURN, type World } from "./world.ts";

/** How many of the longest messages are more than one turn decodes. */
const MUCH = 90;

const badLength = fc.constantFrom(0, 15, 0x7fffffff);

const peerSends = ({ inboundOver }: World): boolean => !inboundOver;

/** The steps of the peer and the system. */
export const PEERS = {
  sends: step(
    "peer sends",
    { sizes: manySizes, cuts, thing: rarely, lacks: rarely },
    (world, given) => {
      for (const each of given.sizes) {
        const thing = given.thing && world.setup.passes ? world.peerThing() : undefined;
        // a real transport joins pieces: the next descriptor would be taken for it
        const lacks = given.lacks && world.isScripted && thing === undefined;
        world.arrive(world.peerMessage(sizeOf(world, each), 0, thing, lacks), given.cuts, thing);
      }
    },
    peerSends,
  ),
  /** More than may wait in messages that were received. */
  sendsThings: step(
    "peer sends things",
    { count: fc.integer({ min: 30, max: 90 }) },
    (world, { count }) => {
      for (let i = 0; i < count; i++) {
        const thing = world.peerThing();
        world.arrive(world.peerMessage(i % 3, 0, thing), [], thing);
      }
    },
    (world) => peerSends(world) && world.setup.passes,
  ),
  /** More than is decoded in one turn of the event loop. */
  floodsMuch: step(
    "peer floods much",
    {},
    (world) => {
      const size = sizeOf(world, -1);
      world.arrive(concat(Array.from({ length: MUCH }, () => world.peerMessage(size, 0))), []);
    },
    (world) => peerSends(world) && world.setup.mark >= TURN,
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
    { which: fc.nat(), size, cuts, thing: rarely },
    (world, given) => {
      const asked = world.model.requests.filter(({ sent }) => sent.end !== undefined);
      if (asked.length === 0) return;
      const { sent } = asked[given.which % asked.length]!;
      const thing = given.thing && world.setup.passes ? world.peerThing() : undefined;
      const bytes = world.peerMessage(sizeOf(world, given.size), sent.peerid!, thing);
      world.arrive(bytes, given.cuts, thing);
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
