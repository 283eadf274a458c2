import { checkSize, checkValue } from "../module/check.ts";
import type { ExportName } from "../module/exports.ts";
import { IbufBase } from "./ibuf-base.ts";
import { borrow } from "./scratch.ts";

type AddName = Extract<ExportName, `ibuf_add_${"n" | "h"}${number}`>;
type SetName = Extract<ExportName, `ibuf_set_${"n" | "h"}${number}`>;
type GetName = Exclude<
  Extract<ExportName, `ibuf_get_${"n" | "h"}${number}`>,
  "ibuf_get_n64" | "ibuf_get_h64"
>;

/**
 * The integers of an ibuf: added at the end, overwritten in place, or read, in
 * network order (`N`) or in host order (`H`), which is little-endian.
 */
export abstract class IbufValues extends IbufBase {
  #addValue(syscall: AddName, value: number | bigint): void {
    const pointer = this.pointer(syscall);
    const v = checkValue(value, syscall);
    this.grow(pointer, () => this.engine.call[syscall](pointer, v), syscall);
  }

  /** Adds a byte. `ibuf_add_n8`. Throws EINVAL if it does not fit, ERANGE, ENOMEM. */
  addN8(value: number | bigint): void {
    this.#addValue("ibuf_add_n8", value);
  }

  /** Adds 16 bits in network order. `ibuf_add_n16`. Throws EINVAL, ERANGE, ENOMEM. */
  addN16(value: number | bigint): void {
    this.#addValue("ibuf_add_n16", value);
  }

  /** Adds 32 bits in network order. `ibuf_add_n32`. Throws EINVAL, ERANGE, ENOMEM. */
  addN32(value: number | bigint): void {
    this.#addValue("ibuf_add_n32", value);
  }

  /** Adds 64 bits in network order. `ibuf_add_n64`. Throws ERANGE, ENOMEM. */
  addN64(value: number | bigint): void {
    this.#addValue("ibuf_add_n64", value);
  }

  /** Adds 16 bits in host order, little-endian. `ibuf_add_h16`. Throws EINVAL, ERANGE, ENOMEM. */
  addH16(value: number | bigint): void {
    this.#addValue("ibuf_add_h16", value);
  }

  /** Adds 32 bits in host order, little-endian. `ibuf_add_h32`. Throws EINVAL, ERANGE, ENOMEM. */
  addH32(value: number | bigint): void {
    this.#addValue("ibuf_add_h32", value);
  }

  /** Adds 64 bits in host order, little-endian. `ibuf_add_h64`. Throws ERANGE, ENOMEM. */
  addH64(value: number | bigint): void {
    this.#addValue("ibuf_add_h64", value);
  }

  #setValue(syscall: SetName, pos: number, value: number | bigint): void {
    const pointer = this.pointer(syscall);
    const p = checkSize(pos, "pos", syscall);
    const v = checkValue(value, syscall);
    if (this.engine.call[syscall](pointer, p, v) === -1) throw this.engine.failure(syscall);
  }

  /** Overwrites a byte. `ibuf_set_n8`. Throws EINVAL if it does not fit, ERANGE. */
  setN8(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n8", pos, value);
  }

  /** Overwrites 16 bits in network order. `ibuf_set_n16`. Throws EINVAL, ERANGE. */
  setN16(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n16", pos, value);
  }

  /** Overwrites 32 bits in network order. `ibuf_set_n32`. Throws EINVAL, ERANGE. */
  setN32(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n32", pos, value);
  }

  /** Overwrites 64 bits in network order. `ibuf_set_n64`. Throws ERANGE. */
  setN64(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_n64", pos, value);
  }

  /** Overwrites 16 bits in host order. `ibuf_set_h16`. Throws EINVAL, ERANGE. */
  setH16(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_h16", pos, value);
  }

  /** Overwrites 32 bits in host order. `ibuf_set_h32`. Throws EINVAL, ERANGE. */
  setH32(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_h32", pos, value);
  }

  /** Overwrites 64 bits in host order. `ibuf_set_h64`. Throws ERANGE. */
  setH64(pos: number, value: number | bigint): void {
    this.#setValue("ibuf_set_h64", pos, value);
  }

  #getValue(syscall: GetName, width: number): number {
    const pointer = this.pointer(syscall);
    const to = borrow(this.engine, 8, syscall);
    if (this.engine.call[syscall](pointer, to) === -1) throw this.engine.failure(syscall);
    const word = this.engine.memory.word(to);
    return width === 4 ? word : word & (width === 2 ? 0xffff : 0xff);
  }

  #getLong(syscall: "ibuf_get_n64" | "ibuf_get_h64"): bigint {
    const pointer = this.pointer(syscall);
    const to = borrow(this.engine, 8, syscall);
    if (this.engine.call[syscall](pointer, to) === -1) throw this.engine.failure(syscall);
    const { u32 } = this.engine.memory;
    return (BigInt(u32[(to >> 2) + 1]!) << 32n) | BigInt(u32[to >> 2]!);
  }

  /** Reads a byte. `ibuf_get_n8`. Throws EBADMSG. */
  getN8(): number {
    return this.#getValue("ibuf_get_n8", 1);
  }

  /** Reads 16 bits in network order. `ibuf_get_n16`. Throws EBADMSG. */
  getN16(): number {
    return this.#getValue("ibuf_get_n16", 2);
  }

  /** Reads 32 bits in network order. `ibuf_get_n32`. Throws EBADMSG. */
  getN32(): number {
    return this.#getValue("ibuf_get_n32", 4);
  }

  /** Reads 64 bits in network order. `ibuf_get_n64`. Throws EBADMSG. */
  getN64(): bigint {
    return this.#getLong("ibuf_get_n64");
  }

  /** Reads 16 bits in host order. `ibuf_get_h16`. Throws EBADMSG. */
  getH16(): number {
    return this.#getValue("ibuf_get_h16", 2);
  }

  /** Reads 32 bits in host order. `ibuf_get_h32`. Throws EBADMSG. */
  getH32(): number {
    return this.#getValue("ibuf_get_h32", 4);
  }

  /** Reads 64 bits in host order. `ibuf_get_h64`. Throws EBADMSG. */
  getH64(): bigint {
    return this.#getLong("ibuf_get_h64");
  }
}
