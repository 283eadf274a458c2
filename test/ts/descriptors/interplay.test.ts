import { describe, expect, it } from "vitest";
import { ImsgCodec } from "../../../ts/channel/codec.ts";
import { encode } from "../../oracle/reference/codec.ts";
import { fresh } from "../c/helpers.ts";
import { alone, Thing } from "./memory.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe("a channel in an instance that others use, too,", () => {
  it("gets its next message after a disposer has read with a codec in between", async () => {
    const instance = fresh();
    const other = new ImsgCodec({ instance });
    const [channel, transport] = alone({ instance });
    const dispose = (): void => {
      other.push(encode({ type: 9, data: new Uint8Array(5000) }).subarray(0, 1020));
    };
    const [first, second] = [1, 2].map((type) => encode({ type, data: new Uint8Array(100) }));
    // unmarked: the original closes the descriptor
    transport.sink.received(first!, [{ value: {}, dispose }]);
    transport.sink.received(second!.slice(0, 50));
    transport.sink.received(second!.slice(50));
    expect((await channel.receive())!.type).toBe(1);
    expect((await channel.receive())!.type).toBe(2);
    await channel.close();
    other.dispose();
    instance.assertNoLeaks();
  });

  it("that memory has failed for a message before closes the value of the next one", async () => {
    const instance = fresh();
    const log: string[] = [];
    const [channel, transport] = alone({ instance });
    void channel.send({ type: 1, data: new Uint8Array(5) });
    instance.engine.exports.mem_fail_at(1); // while that waits to be composed
    channel.send({ type: 2, fd: new Thing("thing", log) }).catch(() => {});
    await turn();
    await expect(channel.closed).rejects.toThrow(/^ENOMEM/);
    expect(log).toEqual(["thing"]);
    expect(transport.sent).toEqual([]);
    expect(instance.stats().descriptors).toBe(0);
    instance.assertNoLeaks();
  });
});
