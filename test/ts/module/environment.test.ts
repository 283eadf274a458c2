import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { createInstance } from "../../../ts/c/index.ts";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { pattern, wire } from "../c/helpers.ts";

/** Runs a program with the library in a process of its own, and returns its output. */
async function run(program: string, limit = ""): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "imsg-environment-"));
  try {
    const outfile = join(folder, "program.mjs");
    const stdin = { contents: program, resolveDir: "." };
    await build({ stdin, bundle: true, format: "esm", outfile, logLevel: "error" });
    const command = `${limit} exec "${process.execPath}" "${outfile}"`;
    return (await promisify(execFile)("sh", ["-c", command])).stdout.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it("the library works without a FinalizationRegistry and without a TextEncoder", async () => {
  const printed = await run(`
    delete globalThis.FinalizationRegistry;
    delete globalThis.TextEncoder;
    const { ImsgCodec } = await import("./ts/entry/index.ts");
    const codec = new ImsgCodec();
    console.log(codec.push(codec.encode({ type: 7 }))[0].type);`);
  expect(printed).toBe("7");
});

it("an instance that no address space is left for is ENOMEM", async () => {
  // a memory takes 8 or 10 GB of addresses in V8
  const printed = await run(
    `import { createInstance } from "./ts/c/index.ts";
     import { bytes } from "./ts/generated/imsg.ts";
     const module = new WebAssembly.Module(bytes());
     const instances = [];
     try {
       for (let i = 0; i < 20; i++) instances.push(createInstance(module));
       console.log("no error");
     } catch (error) {
       console.log(error.name, error.code, error.fromPeer);
     }`,
    "ulimit -v 60000000;",
  );
  expect(printed).toBe("ImsgError ENOMEM false");
}, 30_000);

it("bytes and modules of another realm are taken everywhere", () => {
  const foreign = runInNewContext(
    "({ copy: (b) => Uint8Array.from(b), compile: (b) => new WebAssembly.Module(Uint8Array.from(b)), target: () => new Uint8Array(64) })",
    { WebAssembly: undefined },
  ) as { copy(b: Uint8Array): Uint8Array<ArrayBuffer>; target(): Uint8Array };
  const codec = new ImsgCodec({ instance: createInstance(foreign.copy(bytes())) });
  const data = foreign.copy(pattern(8));
  expect(data).not.toBeInstanceOf(Uint8Array);
  const target = foreign.target();
  expect(codec.encodeInto([{ type: 1, pid: 1, data }], target)).toEqual({ read: 1, written: 24 });
  expect(Array.from(target.subarray(0, 24))).toEqual(Array.from(wire(1, pattern(8))));
  expect(codec.push(foreign.copy(wire(1, pattern(8))))[0]!.data).toEqual(pattern(8));
  codec.dispose();
});
