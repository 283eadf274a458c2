// Code of the caller that runs while a message is read, and that ends the channel itself.
import { describe, expect, it } from "vitest";
import { ImsgChannel, type SendInit } from "../../../ts/entry/index.ts";
import { Hand } from "../lives/hand.ts";
import { macrotask } from "../lives/runtime.ts";
import { Thing } from "../lives/tracked.ts";

const reason = new Error("broken off");

const endings = {
  end: (channel: ImsgChannel) => void channel.end(),
  close: (channel: ImsgChannel) => void channel.close(),
  abort: (channel: ImsgChannel) => channel.abort(reason),
};
const fields = ["type", "peerid", "pid", "data", "fd"] as const;

/** A message with a getter that runs code. With `fd`, a value travels along. */
function message(field: (typeof fields)[number], run: () => void, fd?: unknown): SendInit {
  const init: SendInit = { type: 1, peerid: 2, pid: 3, data: new Uint8Array(4), fd };
  const value = init[field];
  return Object.defineProperty(init, field, {
    enumerable: true,
    get: () => {
      run();
      return value;
    },
  });
}

const calls = {
  send: (channel: ImsgChannel, init: SendInit) => channel.send(init),
  "sendMany, as the second message,": (channel: ImsgChannel, init: SendInit) =>
    channel.sendMany([{ type: 9 }, init]),
  "the iterator of sendMany": (channel: ImsgChannel, init: SendInit) => {
    function* list() {
      yield { type: 9 };
      yield { type: init.type, peerid: init.peerid, pid: init.pid, data: init.data, fd: init.fd };
    }
    return channel.sendMany(list());
  },
  reply: (channel: ImsgChannel, init: SendInit) => channel.reply({ peerid: 1 }, init),
  request: (channel: ImsgChannel, init: SendInit) => channel.request(init),
};

describe.each(Object.entries(calls))("%s", (name, call) => {
  describe.each(Object.entries(endings))("whose message calls %s()", (ending, end) => {
    it.each(fields)(
      "in the getter of %s rejects, sends nothing, and moves no value",
      async (field) => {
        for (const passed of [undefined, new Thing("a thing")]) {
          const sent: number[] = [];
          const hand = new Hand(
            { lingers: false, counts: true, pauses: true, passes: true, atOnce: true, burst: 100 },
            {
              handed: (bytes) => void sent.push(bytes[0]!),
              delivering: () => {},
              misused: () => {},
            },
          );
          const channel = new ImsgChannel(hand, { allowFdPass: true });
          void channel.closed.catch(() => {});
          const result = call(
            channel,
            message(field, () => end(channel), passed),
          );
          const error = await result.then(
            () => "fulfilled",
            (error: unknown) => error,
          );
          if (ending === "abort") expect(error).toBe(reason);
          else expect(error).toMatchObject({ code: "ERR_IMSG_CLOSED" });
          do await macrotask();
          while (hand.pump());
          // what an iterator has sent before the end still leaves, and an abort drops it
          const before = name.includes("sendMany") && ending !== "abort" ? [9] : [];
          expect(sent).toEqual(before);
          expect(passed?.closed ?? 0).toBe(0);
          channel.abort();
        }
      },
    );
  });
});
