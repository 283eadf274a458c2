import type { ErrnoName } from "../module/errno.ts";
import { ImsgError } from "../module/error.ts";
import { type Abi, type AbiName, abiOf } from "./abi.ts";
import { payloadBytes, zeros } from "./arguments.ts";
import {
  checkNames,
  type Field,
  FieldError,
  type FieldIn,
  type FieldOut,
  type Member,
  misdescribed,
  type Resolved,
  shown,
} from "./field.ts";
import type { Payload } from "./payload.ts";
import { type Fields, place } from "./place.ts";
import { type Structure, structure } from "./structure.ts";
import { viewClass } from "./view.ts";

/** The object to which a structure decodes. */
export type StructOut<F extends Fields> = { [K in keyof F]: FieldOut<F[K]> };

/** The objects that a structure encodes. A field that is absent is encoded as zero. */
export type StructIn<F extends Fields> = { readonly [K in keyof F]?: FieldIn<F[K]> | undefined };

/** Options of {@link struct}. */
export interface StructOptions {
  /** C's name of the structure, for descriptions and errors. */
  name?: string | undefined;
  /** Whose rules lay the structure out; `lp64` if absent. */
  abi?: AbiName | Abi | undefined;
}

/**
 * A C structure: a payload, and a field of other structures, which lay it out under their own ABI.
 * Made by {@link struct}.
 */
export class Layout<Out, In> implements Field<Out, In | undefined>, Payload<Out, In | undefined> {
  /** C's name of the structure. */
  readonly name: string;
  /** Whose rules lay it out. */
  readonly abi: Abi;
  readonly #fields: Fields;
  readonly #resolved = new Map<Abi, Structure<Out, In>>();
  readonly #own: Structure<Out, In>;
  #view: (new (view: DataView) => object) | undefined;

  /** @internal */
  constructor(fields: Fields, name: string, abi: Abi) {
    this.name = name;
    this.abi = abi;
    this.#fields = fields;
    this.#own = this.#structure(abi);
  }

  /** `sizeof`, in bytes; without trailing data. */
  get size(): number {
    return this.#own.size;
  }

  /** Alignment, in bytes. */
  get align(): number {
    return this.#own.align;
  }

  /** All members, nested ones too, with offsets from the start. */
  get members(): readonly Member[] {
    return this.#own.members;
  }

  /** The structure under an ABI, as a field of another one. */
  resolve(abi: Abi): Resolved<Out, In | undefined> {
    return this.#structure(abi);
  }

  #structure(abi: Abi): Structure<Out, In> {
    const known = this.#resolved.get(abi);
    if (known !== undefined) return known;
    const made = structure<Out, In>(place(this.#fields, abi), `struct ${this.name}`);
    this.#resolved.set(abi, made);
    return made;
  }

  /** The same structure under another ABI. */
  under(abi: AbiName | Abi): Layout<Out, In> {
    return new Layout(this.#fields, this.name, abiOf(abi));
  }

  /**
   * Returns the bytes of a value; absent fields and padding are zero. Throws EINVAL for a field that
   * does not exist or a value of the wrong kind, ERANGE for one that does not fit; the error names
   * the field.
   */
  encode(value?: In): Uint8Array<ArrayBuffer> {
    const own = this.#own;
    try {
      const behind = own.bytesBehind(value);
      const bytes = zeros(own.size + (behind?.length ?? 0));
      // before code of the caller runs again, which may detach the buffer of these bytes
      if (behind !== undefined) bytes.set(behind, own.size);
      own.write(new DataView(bytes.buffer), 0, value);
      return bytes;
    } catch (error) {
      throw named(this.name, error);
    }
  }

  /**
   * Returns the value of a payload, whose arrays are copies. Throws EBADMSG if the payload has
   * another size than the structure; with trailing data, if it is shorter; and if a field holds what
   * its description excludes.
   */
  decode(bytes: Uint8Array): Out {
    try {
      return this.#own.read(this.#open(bytes), 0);
    } catch (error) {
      throw unreadable(this.name, error);
    }
  }

  /**
   * An object that decodes a field each time the field is read, from the payload's own bytes: several
   * times as fast as {@link decode} where few of many fields are used. Its properties belong to its
   * prototype, so spread and `Object.keys` do not see them; JSON.stringify does. Throws as decode does.
   */
  view(bytes: Uint8Array): Out {
    this.#view ??= viewClass(this.#own.places, (error) => unreadable(this.name, error));
    return new this.#view(this.#open(bytes)) as Out;
  }

  /** A table of the members and the padding between them: offset, size, name and type. */
  describe(): string {
    const head = `struct ${this.name} (${this.abi.name}): ${this.size} bytes, aligned to ${this.align}`;
    const rows = this.members.map(({ offset, size, path, type }) => {
      return `${String(offset).padStart(6)} ${String(size).padStart(6)}  ${path}: ${type}`;
    });
    return [head, "offset   size  member", ...rows].join("\n");
  }

  #open(bytes: Uint8Array): DataView {
    const { size, behind } = this.#own;
    const { buffer, byteOffset, length } = payloadBytes(bytes, `struct ${this.name}: `);
    if (behind === undefined ? length !== size : length < size) {
      const least = behind === undefined ? "" : " at least";
      const detail = `struct ${this.name} has${least} ${size} bytes (${this.abi.name}), and the payload ${length}`;
      throw new ImsgError("EBADMSG", { detail });
    }
    return new DataView(buffer, byteOffset, length);
  }
}

/** The error of a structure for that of a field, with the code of the field's error or another one. */
function named(name: string, error: unknown, code?: ErrnoName): unknown {
  if (!(error instanceof FieldError)) return error;
  const path = [name, ...error.path].join(".");
  return new ImsgError(code ?? error.code, { detail: `${path}: ${error.message}`, cause: error });
}

/** A payload that cannot be decoded is the peer's fault, whatever its field's error is. */
const unreadable = (name: string, error: unknown): unknown => named(name, error, "EBADMSG");

/**
 * Describes a C structure by its fields, in C's order. Alignment, padding and size follow from the
 * ABI; a structure inside another one is laid out under the outer one's ABI.
 *
 * @example
 * ```js
 * const Peer = struct({ as: u32, descr: chars(64), counters: array(u64, 8) }, { name: "peer" });
 * Peer.size; // 136
 * Peer.decode(Peer.encode({ as: 65001, descr: "customer" })).as; // 65001
 * ```
 */
export function struct<const F extends Fields>(
  fields: F,
  options: StructOptions = {},
): Layout<StructOut<F>, StructIn<F>> {
  checkNames(fields, "the fields of a structure are");
  checkNames(options, "the options of a structure are");
  const { name = "", abi = "lp64" } = options;
  if (typeof name !== "string") throw misdescribed(`a structure's name is ${shown(name)}`);
  return new Layout<StructOut<F>, StructIn<F>>(fields, name, abiOf(abi));
}
