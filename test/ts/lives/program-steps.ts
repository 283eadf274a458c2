import fc from "fast-check";
import * as ending from "./ending.ts";
import * as reading from "./reading.ts";
import { type Besides, type Naming, request } from "./requesting.ts";
import * as sending from "./sending.ts";
import { milliseconds, rarely, signal, size, sizes, step } from "./step.ts";
import type { World } from "./world.ts";
import * as writing from "./writing.ts";

const readable = ({ holder, streamEnded, model }: World): boolean =>
  !streamEnded &&
  (holder === undefined || holder.kind === "stream") &&
  !model.reads.some(({ tracked }) => tracked.pending);

/** A message that is sent just before the end, so that it has not left when the end is sent. */
const lastWords = { size, says: fc.boolean() };

function sayLast(world: World, { size, says }: writing.LastWords): void {
  if (says) sending.send(world, { size, signal: "none", thing: false, seen: true });
}

/** The steps of the program. */
export const OURS = {
  send: step("send", { size, signal, thing: rarely, seen: fc.boolean() }, sending.send),
  openWriter: step("openWriter", {}, writing.openWriter, ({ writer }) => writer === undefined),
  write: step("write", { size, thing: rarely }, writing.write, writing.canWrite),
  closeWriter: step(
    "closeWriter",
    {},
    writing.closeWriter,
    (world) => writing.canWrite(world) && writing.canEnd(world),
  ),
  abortWriter: step("abortWriter", lastWords, writing.abortWriter, writing.canEnd),
  reply: step("reply", { size, which: fc.nat(), thing: rarely }, sending.reply),
  sendMany: step("sendMany", { sizes, signal, thing: rarely }, sending.sendMany),
  sendWrongly: step(
    "sendWrongly",
    {
      how: fc.constantFrom(...sending.WRONG),
      thing: rarely,
      by: fc.constantFrom("send" as const, "reply" as const, "request" as const),
      careless: rarely,
    },
    sending.sendWrongly,
  ),
  sendManyWrongly: step(
    "sendManyWrongly",
    { sizes, how: fc.constantFrom("too long" as const, "throws" as const), careless: rarely },
    sending.sendManyWrongly,
  ),
  request: step(
    "request",
    {
      size,
      naming: fc.constantFrom<Naming[]>("fresh", "fresh", "given", "match", "both"),
      besides: fc.constantFrom<Besides[]>("nothing", "nothing", "throws", "sends"),
      timeout: fc.option(milliseconds, { nil: undefined }),
      signal,
      thing: rarely,
      takes: rarely,
    },
    request,
  ),
  receive: step("receive", { many: rarely, signal, takes: rarely }, reading.receive),
  receiveAll: step("receiveAll", { takes: rarely }, reading.receiveAll),
  takeLater: step("takeLater", { which: fc.nat(), disposes: fc.boolean() }, reading.takeLater),
  loop: step("loop", { batches: rarely, takes: rarely }, reading.loop),
  leave: step(
    "leave",
    {},
    ({ holder }) => holder!.leave(),
    ({ holder }) => holder !== undefined && holder.kind !== "stream",
  ),
  readStream: step("readStream", { takes: rarely }, reading.readStream, readable),
  cancelStream: step(
    "cancelStream",
    {},
    ({ holder }) => holder!.leave(),
    ({ holder, streamEnded }) => holder?.kind === "stream" && !streamEnded,
  ),
  abortSignal: step(
    "abortSignal",
    { which: fc.nat() },
    (world, { which }) => world.signals[which % world.signals.length]!.abort(),
    ({ signals }) => signals.length > 0,
  ),
  end: step("end", lastWords, (world, given) => {
    sayLast(world, given);
    ending.end(world);
  }),
  close: step("close", { ...lastWords, how: fc.constantFrom(...ending.CLOSES) }, (world, given) => {
    sayLast(world, given);
    ending.closeBy(world, given.how);
  }),
  abort: step(
    "abort",
    { how: fc.constantFrom("reason" as const, "none" as const, "signal" as const) },
    ending.abort,
  ),
  keepAlive: step(
    "keepAlive",
    { keeps: fc.boolean() },
    (world, { keeps }) => {
      const { channel, model } = world;
      const returned = keeps ? channel.ref() : channel.unref();
      if (returned !== channel) model.violate("ref() or unref() does not return the channel");
      world.referenced = keeps;
    },
    ({ model }) => model.closing === undefined,
  ),
  rest: step("rest", {}, () => {}),
  wait: step("wait", { milliseconds }, (world, given) => world.wait(given.milliseconds)),
};
