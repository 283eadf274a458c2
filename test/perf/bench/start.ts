import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { median } from "./measure.ts";

/** A fresh process each time; it prints nanoseconds from its first line to its first message. */
function fresh(code: string, times: number): number[] {
  return Array.from({ length: times }, () => {
    const { stdout, status, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", code],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(stderr);
    return Number(stdout);
  });
}

const HEADER = "new Uint8Array(new Uint32Array([7, 16, 8, 9]).buffer)";

/** From import to first message, against a bare instance of the same bytes. */
export function startReport(times: number): Record<string, number> {
  const library = `
    const start = process.hrtime.bigint();
    const { ImsgCodec } = await import("imsg-wasm");
    if (new ImsgCodec().push(${HEADER})[0].type !== 7) throw new Error("no message");
    console.log(String(process.hrtime.bigint() - start));`;
  const bare = `
    const start = process.hrtime.bigint();
    const { readFileSync } = await import("node:fs");
    const module = new WebAssembly.Module(readFileSync("wasm/imsg.wasm"));
    const env = { host_close() {}, host_header: () => 0 };
    const { exports } = new WebAssembly.Instance(module, { env });
    exports._initialize();
    const batch = exports.batch_open(16384, 1, 0);
    new Uint8Array(exports.memory.buffer).set(${HEADER}, exports.batch_window());
    exports.batch_read(batch, 16, -1);
    if (new Uint32Array(exports.memory.buffer)[exports.batch_headers() >> 2] !== 7) throw new Error("no message");
    console.log(String(process.hrtime.bigint() - start));`;
  // in turn, so that other load on the machine affects both
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < times; i++) {
    ours.push(...fresh(library, 1));
    theirs.push(...fresh(bare, 1));
  }
  const result = {
    libraryMs: median(ours) / 1e6,
    bareMs: median(theirs) / 1e6,
    ratio: median(ours) / median(theirs),
  };
  console.log(
    `start: import to first message ${result.libraryMs.toFixed(2)} ms, bare instance ${result.bareMs.toFixed(2)} ms: ${result.ratio.toFixed(2)} times`,
  );
  return result;
}

export function sizeReport(): Record<string, number> {
  const module = readFileSync("wasm/imsg.wasm");
  const result = { module: module.length, moduleGzip: gzipSync(module, { level: 9 }).length };
  console.log(`size: module ${result.module} bytes, ${result.moduleGzip} gzipped`);
  return result;
}
