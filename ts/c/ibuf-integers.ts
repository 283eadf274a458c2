import { checkSize, checkValue } from "../module/check.ts";
import type { ExportName } from "../module/exports.ts";
import type { Ibuf } from "./ibuf.ts";
import { grow } from "./ibuf-bytes.ts";
import { checked } from "./results.ts";
import { withRoom } from "./scratch.ts";

type Width = 8 | 16 | 32 | 64;
/** C's functions that add, set or get an integer: `ibuf_add_n16` and so on. */
type Integer<Action extends string> = Extract<ExportName, `ibuf_${Action}_${"n" | "h"}${Width}`>;

/** Adds an integer at the end of an ibuf. Throws EINVAL, ERANGE, ENOMEM. */
export function addInteger(ibuf: Ibuf, syscall: Integer<"add">, value: number | bigint): void {
  const pointer = ibuf.pointerFor(syscall);
  const v = checkValue(value, syscall);
  grow(ibuf, pointer, syscall, () => ibuf.engine.call[syscall](pointer, v));
}

/** Overwrites an integer of an ibuf. Throws EINVAL, ERANGE. */
export function setInteger(
  ibuf: Ibuf,
  syscall: Integer<"set">,
  pos: number,
  value: number | bigint,
): void {
  const pointer = ibuf.pointerFor(syscall);
  const p = checkSize(pos, "pos", syscall);
  const v = checkValue(value, syscall);
  checked(ibuf.engine, ibuf.engine.call[syscall](pointer, p, v), syscall);
}

/** Reads an integer of an ibuf. Throws EBADMSG. */
export function getInteger(ibuf: Ibuf, syscall: Integer<"get">): bigint {
  const { engine } = ibuf;
  const pointer = ibuf.pointerFor(syscall);
  return withRoom(engine, 8, syscall, (to) => {
    engine.memory.u8.fill(0, to, to + 8);
    checked(engine, engine.call[syscall](pointer, to), syscall);
    const { u32 } = engine.memory;
    return (BigInt(u32[(to >> 2) + 1]!) << 32n) | BigInt(u32[to >> 2]!);
  });
}
