/** The calls of protocols that take bytes, values or descriptions. They have no memory of C. */
import type { ImsgChannel as Channel } from "../../../ts/channel/channel.ts";
import type { BytesCall, ObjectCall } from "./codec-calls.ts";
import { protocol } from "./library.ts";

const { array, chars, defineProtocol, struct, u16, u32 } = protocol;

const point = struct({ x: u32, name: chars(8), at: array(u16, 2) });
const value = { x: 1, name: "a", at: [1, 2] };
const good = point.encode(value);
const clock = () =>
  defineProtocol({
    name: "clock",
    messages: {
      NOW: { type: 1, send: point, receive: point, reply: "NOW" },
      LIST: { type: 2, send: point, receive: point, lists: "NOW" },
    } as never,
  });

const one = clock();
type World = Channel;
const typed = (channel: World) =>
  one.on(channel) as unknown as Record<string, (...args: unknown[]) => unknown>;
const soon = { timeout: 1 };
const message = (data: unknown) => ({ type: 1, peerid: 0, pid: 0, data });
/** Waits for the first answer of a listing. */
async function first(list: unknown): Promise<void> {
  for await (const _ of list as AsyncIterable<unknown>) return;
}

export const calls: readonly BytesCall<World>[] = [
  ["Layout.decode", (_, b) => point.decode(b)],
  ["Layout.view", (_, b) => JSON.stringify(point.view(b))],
  ["Layout.encode", (_, b) => point.encode(b)],
  ["Layout.encode", (_, b) => point.encode({ ...value, x: b })],
  ["Layout.encode", (_, b) => point.encode({ ...value, name: b })],
  ["Layout.encode", (_, b) => point.encode({ ...value, at: b })],
  ["Protocol.encode", (_, b) => one.encode(b, value)],
  ["Protocol.encode", (_, b) => one.encode("NOW" as never, b)],
  ["Protocol.decode", (_, b) => one.decode(b)],
  ["Protocol.decode", (_, b) => one.decode(message(b) as never)],
  ["Protocol.nameOf", (_, b) => one.nameOf(b)],
  ["TypedChannel.send", (w, b) => typed(w).send!(b, value)],
  ["TypedChannel.send", (w, b) => typed(w).send!("NOW", b)],
  ["TypedChannel.send", (w, b) => typed(w).send!("NOW", value, b)],
  ["TypedChannel.request", (w, b) => typed(w).request!(b, value, soon)],
  ["TypedChannel.request", (w, b) => typed(w).request!("NOW", b, soon)],
  ["TypedChannel.list", (w, b) => first(typed(w).list!(b, value, soon))],
  ["TypedChannel.list", (w, b) => first(typed(w).list!("LIST", b, soon))],
];

export const objectCalls: readonly ObjectCall<World>[] = [
  ["Layout.encode", (_, h) => point.encode(h(value))],
  ["Protocol.encode", (_, h) => one.encode("NOW" as never, h(value))],
  ["Protocol.decode", (_, h) => one.decode(h(message(good)))],
  ["TypedChannel.send", (w, h) => typed(w).send!("NOW", h(value))],
  ["TypedChannel.request", (w, h) => typed(w).request!("NOW", h(value), soon)],
];
