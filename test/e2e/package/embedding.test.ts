import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run, top } from "./installed.ts";

const folder = join(top, "build/package/embedding");
mkdirSync(folder, { recursive: true });

/** The source that the script makes of the bytes, and the bytes that the source decodes to. */
async function embed(bytes: Uint8Array) {
  const input = join(folder, "in.wasm");
  const output = join(folder, "out.ts");
  writeFileSync(input, bytes);
  run(top, process.execPath, "scripts/embed-wasm.mjs", input, output);
  const source = readFileSync(output, "utf8");
  const { code } = transformSync(source, { loader: "ts", minify: true });
  const module = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  return { source, code, bytes: module.bytes() as Uint8Array };
}

const module = readFileSync(join(top, "wasm/imsg.wasm"));

describe("the embedded module", () => {
  it("is the module, byte for byte", async () => {
    expect(Buffer.from((await embed(module)).bytes).equals(module)).toBe(true);
  });

  it("is whatever bytes it was made of", async () => {
    const everyByte = Uint8Array.from({ length: 1024 }, (_, i) => (i * 167) & 255);
    for (const bytes of [new Uint8Array(0), new Uint8Array(70_000), everyByte]) {
      expect((await embed(bytes)).bytes).toEqual(bytes);
    }
    const some = fc.uint8Array({ minLength: 1, maxLength: 2000 });
    await fc.assert(
      fc.asyncProperty(some, async (bytes) => {
        expect((await embed(bytes)).bytes).toEqual(bytes);
      }),
      { numRuns: 20 },
    );
  });

  it("is text that no tool has to escape", async () => {
    const { source, code } = await embed(module);
    const text = /^ {2}"(.*)";$/m.exec(source)![1]!;
    expect(text).toMatch(/^[ !#%&(-;=-[\]^_a-~]+$/);
    expect(code).toContain(text);
  });

  it("costs little more than the bytes themselves when it is gzipped, unlike base64", async () => {
    const { code } = await embed(module);
    const bare = gzipSync(module, { level: 9 }).length;
    expect(gzipSync(code, { level: 9 }).length).toBeLessThan(bare + 600);
    expect(gzipSync(module.toString("base64"), { level: 9 }).length).toBeGreaterThan(bare + 1500);
  });
});
