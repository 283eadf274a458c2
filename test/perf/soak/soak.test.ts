import { beforeAll, describe, expect, it } from "vitest";
import { sumOf } from "../../helpers/peer.ts";
import { Fnv } from "./fnv.ts";
import { Random } from "./random.ts";
import { ensurePeer, soak } from "./soak.ts";

describe("the soak", () => {
  beforeAll(ensurePeer);

  it("finds no difference in 64 MB each way over real sockets", async () => {
    const bytes = 64 * 1024 * 1024;
    const seed = Number(process.env.SOAK_SEED ?? 1);
    const totals = await soak({ bytes, seed });
    expect(totals.sent.bytes).toBeGreaterThanOrEqual(bytes);
    expect(totals.received.bytes).toBeGreaterThanOrEqual(bytes);
    expect(totals.sessions).toBeGreaterThanOrEqual(6); // at least one session of each kind
    expect(totals.sent.messages).toBeGreaterThan(1000);
  }, 300_000);

  it.each(["random pieces", "short pieces"])(
    "fails at a single bit that is wrong in a session of %s",
    async (kind) => {
      let at = 300_000;
      const damage = (chunk: Uint8Array): void => {
        if (at >= 0 && at < chunk.length) chunk[at]! ^= 0x10;
        at -= chunk.length;
      };
      const damaged = soak({ bytes: 1_000_000, seed: 2, kinds: [kind], damage });
      await expect(damaged).rejects.toThrow(kind);
      expect(at).toBeLessThan(0);
      const sound = await soak({ bytes: 1_000_000, seed: 2, kinds: [kind] });
      expect(sound.sent.bytes).toBeGreaterThanOrEqual(1_000_000);
    },
  );

  it("computes the checksum that the reference computes", () => {
    const random = new Random(3);
    const payloads = Array.from({ length: 40 }, (_, i) =>
      Uint8Array.from({ length: i * 7 }, () => random.below(256)),
    );
    const fnv = new Fnv();
    for (const payload of payloads) fnv.add(payload);
    expect(fnv.value).toBe(sumOf(payloads).fnv);
  });

  it("takes the same numbers from the same seed only", () => {
    const take = (seed: number) => {
      const random = new Random(seed);
      return Array.from({ length: 8 }, () => random.next());
    };
    expect(take(5)).toEqual(take(5));
    expect(take(5)).not.toEqual(take(6));
  });
});
