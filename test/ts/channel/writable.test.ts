import { describe, expect, it } from "vitest";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { Transport } from "../../../ts/channel/transport.ts";
import { streamPair } from "../../helpers/pair.ts";

/** Settles as the promise does, or with "pending" after a while. */
const settled = (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    promise.then(
      () => "fulfilled",
      (error: { code?: string }) => error.code ?? error,
    ),
    new Promise((resolve) => setTimeout(resolve, 500, "pending")),
  ]);

/** A channel whose transport never has room, and the reasons with which it was aborted. */
function stuck(): [channel: ImsgChannel, aborted: unknown[]] {
  const aborted: unknown[] = [];
  const transport: Transport = {
    start() {},
    send: () => false,
    end: () => new Promise(() => {}),
    abort: (reason) => void aborted.push(reason),
    close() {},
  };
  return [new ImsgChannel(transport), aborted];
}

describe("the writable stream of a channel", () => {
  it("aborts the channel at once, although a write waits for room", async () => {
    const [channel, aborted] = stuck();
    const writer = channel.writable.getWriter();
    const writes = [1, 2].map((type) => settled(writer.write({ type })));
    await new Promise((resolve) => setTimeout(resolve, 10));
    const reason = new Error("enough");
    expect(await settled(writer.abort(reason))).toBe("fulfilled");
    expect(await settled(channel.closed)).toBe(reason);
    expect(await settled(writer.closed)).toBe(reason);
    expect((await Promise.all(writes))[1]).toBe(reason);
    expect(aborted).toEqual([reason]);
  });

  it("aborts the channel at once, although its close waits for room", async () => {
    const [channel] = stuck();
    const writer = channel.writable.getWriter();
    void settled(writer.write({ type: 1 }));
    void settled(writer.close());
    const reason = new Error("enough");
    expect(await settled(writer.abort(reason))).toBe("fulfilled");
    expect(await settled(channel.closed)).toBe(reason);
  });

  it("fails with the error that ends the channel", async () => {
    const [a, b] = streamPair();
    const writer = a.writable.getWriter();
    await writer.write({ type: 1 });
    b.abort(new Error("x"));
    expect(await settled(writer.closed)).toBe("ECONNRESET");
    expect(await settled(writer.write({ type: 2 }))).toBe("ECONNRESET");
  });

  it("fails with ERR_IMSG_CLOSED when the channel is closed", async () => {
    const [a, b] = streamPair();
    const writer = a.writable.getWriter();
    await writer.write({ type: 1 });
    await Promise.all([a.close(), b.close()]);
    expect(await settled(writer.closed)).toBe("ERR_IMSG_CLOSED");
  });

  it("closes cleanly with end(), also if that ends the channel", async () => {
    const [a, b] = streamPair();
    await b.end();
    const writer = a.writable.getWriter();
    await writer.write({ type: 1 });
    expect((await b.receive())?.type).toBe(1);
    expect(await a.receive()).toBeUndefined();
    expect(await settled(writer.close())).toBe("fulfilled");
    expect(await settled(writer.closed)).toBe("fulfilled");
    expect(await b.receive()).toBeUndefined();
    expect(await settled(a.closed)).toBe("fulfilled");
  });
});
