import { show } from "../module/check.ts";
import { ImsgError, isObject } from "../module/error.ts";

/** The sizes on which the layout of a C structure depends; all are in bytes. Always little-endian. */
export interface Abi {
  /** The name that descriptions and errors print. */
  readonly name: string;
  /** Size and alignment of a pointer and of `size_t`. */
  readonly pointer: 4 | 8;
  /** Size and alignment of `long`. */
  readonly long: 4 | 8;
  /** Size of `time_t`. */
  readonly time: 4 | 8;
  /** Alignment of `int64_t`, `long long` and `double` inside a structure. */
  readonly align64: 4 | 8;
}

/** The names of the ABIs that this package knows. */
export type AbiName = "lp64" | "ilp32" | "i386";

/**
 * The known ABIs. `lp64`: 64-bit Unix on x86-64, arm64 and riscv64. `ilp32`: 32-bit ARM, where
 * 64-bit numbers are aligned to 8 bytes. `i386`: 32-bit x86, where they are aligned to 4. Both
 * 32-bit ABIs have a `time_t` of 4 bytes, as Linux has by default; pass an {@link Abi} of your own
 * for a 32-bit system whose `time_t` has 8.
 */
export const abis: Readonly<Record<AbiName, Abi>> = {
  lp64: { name: "lp64", pointer: 8, long: 8, time: 8, align64: 8 },
  ilp32: { name: "ilp32", pointer: 4, long: 4, time: 4, align64: 8 },
  i386: { name: "i386", pointer: 4, long: 4, time: 4, align64: 4 },
};

/** The ABI by its name; an {@link Abi} is returned as it is. Throws EINVAL for an unknown name. */
export function abiOf(abi: AbiName | Abi): Abi {
  if (isObject(abi)) return abi;
  if (typeof abi === "string" && Object.hasOwn(abis, abi)) return abis[abi];
  const known = Object.keys(abis).join(", ");
  throw new ImsgError("EINVAL", { detail: `abi is ${show(abi)}; known are ${known}` });
}
