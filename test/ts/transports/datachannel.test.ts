import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { fromRTCDataChannel } from "../../../ts/entry/web.ts";
import { DataChannel } from "../hostile/sockets.ts";

describe.each([[""], ["imsg.credit"]])("a data channel of the protocol '%s'", (protocol) => {
  it("sends in order while its state is open and the event has yet to come, as in Chromium", async () => {
    const [early, late] = DataChannel.pair(protocol);
    late.readyState = "connecting";
    const [receiver, sender] = [fromRTCDataChannel(early), fromRTCDataChannel(late)];
    const sent: Promise<unknown>[] = [sender.send({ type: 0 })];
    await turn();
    late.readyState = "open";
    sent.push(sender.send({ type: 1 }));
    await turn();
    sent.push(sender.send({ type: 2 }), sender.end());
    await turn();
    late.dispatchEvent(new Event("open"));
    const types: number[] = [];
    for await (const { type } of receiver) types.push(type);
    await Promise.all(sent);
    expect(types).toEqual([0, 1, 2]);
    await receiver.close();
    await sender.close();
  });

  it("gives credit once, although the event comes after its channel was made", async () => {
    const [ours, theirs] = DataChannel.pair(protocol);
    const texts: unknown[] = [];
    theirs.addEventListener("message", ({ data }) => texts.push(data));
    const channel = fromRTCDataChannel(ours, { highWaterMark: 1 << 20 });
    ours.dispatchEvent(new Event("open"));
    for (let i = 0; i < 3; i++) await turn();
    expect(texts).toHaveLength(protocol === "" ? 0 : 1);
    channel.abort();
    await channel.closed.catch(() => {});
  });
});
