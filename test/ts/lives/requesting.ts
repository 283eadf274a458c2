import type { ImsgMessage } from "../../../ts/entry/index.ts";
import type { Request } from "./records.ts";
import {
  choose,
  mayBeUnread,
  optional,
  type SignalChoice,
  send,
  sizeOf,
  travels,
} from "./sending.ts";
import { Tracked } from "./tracked.ts";
import type { World } from "./world.ts";

/** How a request names its reply. */
export type Naming = "fresh" | "given" | "match" | "both";
/** The side effects of a matcher. */
export type Besides = "nothing" | "throws" | "sends";

/** A matcher of a request. */
function matcherOf(world: World, besides: Besides): NonNullable<Request["match"]> {
  const remainder = world.model.sent.length % 3;
  return (id) => {
    if (besides === "throws" && id % 3 !== remainder) return "throws";
    return id % 3 === remainder;
  };
}

/** The message that a matcher sends. */
function sendLittle(world: World): void {
  send(world, { size: 3, signal: "none", thing: false, seen: true });
}

/** Makes a request. */
export function request(
  world: World,
  given: {
    size: number;
    naming: Naming;
    besides: Besides;
    timeout: number | undefined;
    signal: SignalChoice;
    thing: boolean;
    takes: boolean;
  },
): void {
  const { model, channel, clock } = world;
  const { naming, besides } = given;
  const size = sizeOf(world, given.size);
  const signal = choose(world, given.signal);
  const thing = travels(world, given.thing);
  const sure = world.expectSent(signal);
  const unsure = sure.expect === "queued" && mayBeUnread(world);
  const peerid = naming === "given" || naming === "both" ? 5 : undefined;
  const match = naming === "match" || naming === "both" ? matcherOf(world, besides) : undefined;
  const at = ++model.order;
  const most = { cost: model.waitingCost, fds: model.waitingFds };
  const thrown = new Error(`the error of matcher ${model.sent.length}`);
  const deadline = given.timeout === undefined ? undefined : clock.now + given.timeout;
  let isMade = false;
  const promise = channel.request(world.init(size, peerid, thing), {
    ...optional(signal),
    ...(given.timeout === undefined ? {} : { timeout: given.timeout }),
    ...(match === undefined
      ? {}
      : {
          match: ({ type }: ImsgMessage) => {
            // the channel may call it before the request is noted
            if (besides === "sends" && isMade) sendLittle(world);
            const matches = match(type - 1);
            if (matches === "throws") throw thrown;
            return matches;
          },
        }),
  });
  const tracked = new Tracked<ImsgMessage>(`request ${model.sent.length}`, promise, (settled) => {
    if (settled.rejected) {
      model.unanswered(made, settled.error);
      return;
    }
    model.replied(made, settled.value!);
    world.keepThing(settled.value!, given.takes);
  });
  const sent = world.note({
    // without an id and with a matcher, the peerid is 0
    ...{ size, peerid: peerid ?? (match === undefined ? undefined : 0), thing, signal },
    ...{ outcome: tracked, ...sure, ...(unsure ? { expect: "either" as const } : {}) },
  });
  const made: Request = { sent, match, thrown, deadline, signal, tracked, at, most };
  sent.request = made;
  model.requests.push(made);
  isMade = true;
}
