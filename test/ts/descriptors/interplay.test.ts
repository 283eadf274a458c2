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

  // allocation 1 is the descriptor's, 2 and 3 are those of the message that waits, 4 and 5 of the next one
  it.each([2, 3])(
    "that memory has failed for a message before (allocation %i) closes the value of the next one",
    async (allocation) => {
      const instance = fresh();
      const log: string[] = [];
      const [channel, transport] = alone({ instance });
      void channel.send({ type: 1, data: new Uint8Array(5) });
      instance.engine.exports.mem_fail_at(allocation);
      channel.send({ type: 2, fd: new Thing("thing", log) }).catch(() => {});
      await turn();
      await expect(channel.closed).rejects.toThrow(/^ENOMEM/);
      expect(log).toEqual(["thing"]);
      expect(transport.sent).toEqual([]);
      expect(instance.stats().descriptors).toBe(0);
      instance.assertNoLeaks();
    },
  );

  it.each([1, 4, 5])(
    "whose own memory fails (allocation %i) leaves the value to the sender",
    async (allocation) => {
      const instance = fresh();
      const log: string[] = [];
      const [channel, transport] = alone({ instance });
      void channel.send({ type: 1, data: new Uint8Array(5) });
      instance.engine.exports.mem_fail_at(allocation);
      const sending = channel.send({ type: 2, fd: new Thing("thing", log) });
      await expect(sending).rejects.toThrow(/^ENOMEM/);
      await turn();
      expect(log).toEqual([]);
      expect(transport.sent).toHaveLength(1);
      expect(instance.stats().descriptors).toBe(0);
      await channel.close();
      instance.assertNoLeaks();
    },
  );
});
