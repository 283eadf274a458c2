// Decoding a C structure of 40 fields: our layouts, micro-packed, and a DataView by hand. Also how
// long dump takes for 1 MB of empty messages.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as P from "micro-packed";
import { type AnyField, i64, struct, u8, u16, u32 } from "../../../ts/entry/protocol.ts";

const COUNT = 40;
/** A mix of widths, with padding between some of them. */
const KINDS = Array.from(
  { length: COUNT },
  (_, i) => (["u32", "u16", "u8", "u32", "i64"] as const)[i % 5]!,
);
const FIELDS = { u8, u16, u32, i64 };
const PACKED = { u8: P.U8, u16: P.U16LE, u32: P.U32LE, i64: P.I64LE };

const ours = struct(
  Object.fromEntries(KINDS.map((kind, i): [string, AnyField] => [`f${i}`, FIELDS[kind]])),
  { name: "forty" },
);

/** The same bytes for micro-packed, which has no alignment: padding is a field of its own. */
function withPadding(): P.CoderType<Record<string, unknown>> {
  const fields: Record<string, P.CoderType<never>> = {};
  let at = 0;
  for (const [i, { offset, size }] of ours.members.entries()) {
    if (offset > at) fields[`pad${i}`] = P.bytes(offset - at) as unknown as P.CoderType<never>;
    fields[`f${i}`] = PACKED[KINDS[i]!] as unknown as P.CoderType<never>;
    at = offset + size;
  }
  if (ours.size > at) fields.end = P.bytes(ours.size - at) as unknown as P.CoderType<never>;
  return P.struct(fields) as unknown as P.CoderType<Record<string, unknown>>;
}

const GETTERS = { u8: "getUint8", u16: "getUint16", u32: "getUint32", i64: "getBigInt64" };

/** A reader as one would write it by hand: one object literal. It is generated here, to save 40 lines. */
const byHand = new Function(
  "bytes",
  `const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
   return { ${ours.members.map(({ path, offset }, i) => `${path}: v.${GETTERS[KINDS[i]!]}(${offset}, true)`).join(", ")} };`,
) as (bytes: Uint8Array) => Record<string, unknown>;

/** Nanoseconds a call, the least of several rounds. */
function time(call: () => unknown, calls: number): number {
  for (let i = 0; i < calls / 4; i++) call();
  const rounds = Array.from({ length: 7 }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) call();
    return Number(process.hrtime.bigint() - start) / calls;
  });
  return Math.min(...rounds);
}

/** Milliseconds of `imsg dump` for 1 MB of empty messages, as a table. */
function dumpReport(): number {
  const folder = mkdtempSync(join(tmpdir(), "imsg-bench-dump-"));
  const file = join(folder, "empty.bin");
  const one = new Uint8Array(new Uint32Array([1, 16, 0, 9]).buffer);
  writeFileSync(file, Buffer.concat(Array.from({ length: 65536 }, () => one)));
  const start = performance.now();
  const { status } = spawnSync(process.execPath, ["dist/cli.js", "dump", file], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const milliseconds = performance.now() - start;
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error("imsg dump failed");
  return milliseconds;
}

/** Decoding and the table. Throws if the decoders do not agree. */
export async function layoutReport(quick: boolean): Promise<Record<string, unknown>> {
  const bytes = Uint8Array.from({ length: ours.size }, (_, i) => (i * 37) & 255);
  const packed = withPadding();
  for (const other of [byHand(bytes), packed.decode(bytes), ours.view(bytes)]) {
    for (const [name, value] of Object.entries(ours.decode(bytes))) {
      if ((other as Record<string, unknown>)[name] !== value) throw new Error(`${name} differs`);
    }
  }
  const calls = quick ? 5_000 : 50_000;
  const touched = (): unknown => {
    const { f0, f1, f4 } = ours.view(bytes) as Record<string, unknown>;
    return [f0, f1, f4];
  };
  const nanoseconds = {
    decode: time(() => ours.decode(bytes), calls),
    viewThreeFields: time(touched, calls),
    microPacked: time(() => packed.decode(bytes), calls / 10),
    byHand: time(() => byHand(bytes), calls),
  };
  const { decode, microPacked, byHand: hand } = nanoseconds;
  const report = {
    nanoseconds,
    timesAsFastAsMicroPacked: microPacked / decode,
    timesAsLongAsByHand: decode / hand,
    dumpMilliseconds: dumpReport(),
  };
  console.log(
    `layouts  ${JSON.stringify(report, (_, n) => (typeof n === "number" ? Number(n.toFixed(2)) : n))}`,
  );
  return report;
}
