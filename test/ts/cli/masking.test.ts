import fc from "fast-check";
import { expect, test } from "vitest";
import { mask, unmask } from "../../../ts/cli/relay/masking.ts";

const bytes = fc.uint8Array({ maxLength: 300 });
const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

test("masking follows RFC 6455, at every offset, length and alignment", () => {
  fc.assert(
    fc.property(bytes, key, fc.nat(9), fc.nat(9), fc.nat(300), (source, k, shift, offset, cut) => {
      const length = Math.min(cut, source.length);
      const output = new Uint8Array(400).subarray(shift).fill(7);
      mask(source, k, output, offset, length);
      const right = new Uint8Array(output.length).fill(7);
      for (let i = 0; i < length; i++) right[offset + i] = source[i]! ^ k[i & 3]!;
      expect(output).toEqual(right);
    }),
    { numRuns: 1000 },
  );
});

test("unmasking a masked buffer restores the bytes, and changes no byte beside it", () => {
  fc.assert(
    fc.property(bytes, key, fc.nat(9), (source, k, shift) => {
      const memory = new Uint8Array(400).fill(9);
      const view = memory.subarray(shift, shift + source.length);
      mask(source, k, view, 0, source.length);
      unmask(view, k);
      expect(view).toEqual(source);
      expect(
        memory.filter((byte, i) => (i < shift || i >= shift + source.length) && byte !== 9),
      ).toEqual(new Uint8Array(0));
    }),
    { numRuns: 1000 },
  );
});
