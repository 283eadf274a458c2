import { layout, type Pointer } from "../module/abi.ts";
import { type Bytes, checkBytes, checkSize } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { lendMemory } from "../module/lent.ts";
import type { Owner } from "../module/live.ts";
import type { Ibuf } from "./ibuf.ts";
import { Owned } from "./owned.ts";
import { checked, checkedPointer } from "./results.ts";
import { allocate, filled, release, withCopy, withRoom } from "./scratch.ts";
import { trackGrowth } from "./views.ts";

// The methods of Ibuf that copy bytes into the module's memory or out of it.

/** Checks an argument that must be an ibuf. Throws EINVAL. */
export function checkIbuf(value: unknown, syscall: string): Ibuf {
  return Owned.check(value, "ibuf", undefined, syscall) as Ibuf;
}

/** Checks an argument that must be an ibuf of the same instance, and returns its address. Throws EINVAL. */
function checkSame(owner: Owner, value: unknown, syscall: string): Pointer {
  return Owned.check(value, "ibuf", owner.engine, syscall).pointerFor(syscall);
}

/** Copies bytes into a block, and makes an ibuf on the stack that borrows it. Throws EINVAL, ENOMEM. */
export function viewOfCopy(engine: Engine, data: Bytes): { pointer: Pointer; copy: Pointer } {
  const bytes = engine.copyIfAliased(checkBytes(data, "ibuf_from_buffer"), 0);
  let pointer = 0;
  const copy = filled(engine, bytes.length, "ibuf_from_buffer", (at) => {
    engine.memory.u8.set(bytes, at);
    pointer = allocate(engine, layout.ibuf.sizeof, "ibuf_from_buffer");
    engine.call.ibuf_from_buffer(pointer, at, bytes.length);
  });
  return { pointer, copy };
}

/** Runs a call that may grow an ibuf's buffer, and throws its error if it returns -1. */
export function grow(ibuf: Ibuf, pointer: Pointer, syscall: string, run: () => number): number {
  const { engine, memory } = ibuf;
  return checked(engine, trackGrowth(engine, pointer, memory.root, run), syscall);
}

function addCopy(ibuf: Ibuf, pointer: Pointer, bytes: Uint8Array, syscall: string): void {
  const { engine } = ibuf;
  withCopy(engine, bytes, syscall, (from) =>
    grow(ibuf, pointer, syscall, () => engine.call.ibuf_add(pointer, from, bytes.length)),
  );
}

/** See {@link Ibuf.add}. */
export function addBytes(ibuf: Ibuf, data: Bytes): void {
  const pointer = ibuf.pointerFor("ibuf_add");
  const bytes = ibuf.engine.copyIfAliased(checkBytes(data, "ibuf_add"));
  addCopy(ibuf, pointer, bytes, "ibuf_add");
}

/** See {@link Ibuf.addIbuf}. */
export function addIbuf(ibuf: Ibuf, from: Ibuf): void {
  const pointer = ibuf.pointerFor("ibuf_add_ibuf");
  const source = checkSame(ibuf, from, "ibuf_add_ibuf");
  if (from === ibuf || from.memory.borrowed?.root === ibuf.memory.root) {
    // growing may move the memory that holds the added bytes
    addCopy(ibuf, pointer, from.data(), "ibuf_add_ibuf");
    return;
  }
  grow(ibuf, pointer, "ibuf_add_ibuf", () => ibuf.engine.call.ibuf_add_ibuf(pointer, source));
}

/** See {@link Ibuf.reserve}. */
export function reserveBytes(ibuf: Ibuf, len: number): Uint8Array<ArrayBuffer> {
  const { engine } = ibuf;
  const pointer = ibuf.pointerFor("ibuf_reserve");
  const n = checkSize(len, "len", "ibuf_reserve");
  const reserved = trackGrowth(engine, pointer, ibuf.memory.root, () =>
    engine.call.ibuf_reserve(pointer, n),
  );
  return lendMemory(engine, checkedPointer(engine, reserved, "ibuf_reserve"), n);
}

/** See {@link Ibuf.seek}. */
export function seekBytes(ibuf: Ibuf, pos: number, len: number): Uint8Array<ArrayBuffer> {
  const { engine } = ibuf;
  const pointer = ibuf.pointerFor("ibuf_seek");
  const p = checkSize(pos, "pos", "ibuf_seek");
  const n = checkSize(len, "len", "ibuf_seek");
  const found = engine.call.ibuf_seek(pointer, p, n);
  return lendMemory(engine, checkedPointer(engine, found, "ibuf_seek"), n);
}

/** See {@link Ibuf.set}. */
export function setBytes(ibuf: Ibuf, pos: number, data: Bytes): void {
  const { engine } = ibuf;
  const pointer = ibuf.pointerFor("ibuf_set");
  const p = checkSize(pos, "pos", "ibuf_set");
  const bytes = engine.copyIfAliased(checkBytes(data, "ibuf_set"));
  withCopy(engine, bytes, "ibuf_set", (from) =>
    checked(engine, engine.call.ibuf_set(pointer, p, from, bytes.length), "ibuf_set"),
  );
}

/** See {@link Ibuf.data}. */
export function copyData(ibuf: Ibuf): Uint8Array<ArrayBuffer> {
  const { engine } = ibuf;
  const pointer = ibuf.pointerFor("ibuf_data");
  const from = engine.call.ibuf_data(pointer);
  return engine.memory.copy(from, engine.exports.ibuf_size(pointer));
}

/** See {@link Ibuf.get}. */
export function getBytes(ibuf: Ibuf, len: number): Uint8Array<ArrayBuffer> {
  const { engine } = ibuf;
  const pointer = ibuf.pointerFor("ibuf_get");
  const n = checkSize(len, "len", "ibuf_get");
  // do not allocate for a length that C is going to refuse
  return withRoom(engine, Math.min(n, ibuf.size), "ibuf_get", (to) => {
    checked(engine, engine.call.ibuf_get(pointer, to, n), "ibuf_get");
    return engine.memory.copy(to, n);
  });
}

/** See {@link Ibuf.getStringBytes}. */
export function getStringBytes(ibuf: Ibuf, len: number): Uint8Array<ArrayBuffer> {
  const { engine } = ibuf;
  const pointer = ibuf.pointerFor("ibuf_get_string");
  const n = checkSize(len, "len", "ibuf_get_string");
  const string = checkedPointer(engine, engine.call.ibuf_get_string(pointer, n), "ibuf_get_string");
  const bytes = engine.memory.copy(string, engine.memory.u8.indexOf(0, string) - string);
  release(engine, string);
  return bytes;
}
