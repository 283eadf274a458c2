// Measures structures and constants with a C compiler, under each ABI. Nothing is linked or run:
// the numbers stand in a section of the object file, so that other word sizes need no libraries.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AbiName } from "../../../ts/entry/protocol.ts";

/** The compiler's options for each ABI: with -malign-double, x86 aligns as 32-bit ARM does. */
const OPTIONS: Readonly<Record<AbiName, readonly string[]>> = {
  lp64: ["-m64"],
  ilp32: ["-m32", "-malign-double"],
  i386: ["-m32"],
};

/** The names of all ABIs. */
export const ABIS = Object.keys(OPTIONS) as AbiName[];

/** A C source before its table, and the compiler's options for it. */
export interface Prelude {
  readonly text: string;
  readonly options: readonly string[];
}

/** The bytes of the section `layouts` of a C source, as a compiler for an ABI makes them. */
export function compile({ text, options }: Prelude, abi: AbiName): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "imsg-layout-"));
  try {
    const [source, object, section] = [
      join(folder, "table.c"),
      join(folder, "table.o"),
      join(folder, "table.bin"),
    ];
    writeFileSync(source, text);
    const all = [...OPTIONS[abi], "-w", "-fno-pie", "-c", ...options, "-o", object, source];
    execFileSync("gcc", all, { stdio: ["ignore", "pipe", "pipe"] });
    execFileSync("objcopy", ["-O", "binary", "-j", "layouts", object, section]);
    return new Uint8Array(readFileSync(section));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The values of C's constant expressions of integers, in their order. */
export function evaluate(prelude: Prelude, expressions: readonly string[], abi: AbiName): bigint[] {
  const rows = expressions.map((expression) => `\t(long long)(${expression}),\n`).join("");
  const table = `__attribute__((section("layouts"), used)) static const long long table[] = {\n${rows}};\n`;
  const text = `${prelude.text}\n#include <stddef.h>\n${table}`;
  const bytes = compile({ text, options: prelude.options }, abi);
  const values = [...new BigInt64Array(bytes.buffer)];
  if (values.length !== expressions.length) throw new Error("the table has another length");
  return values;
}

/** Declarations cut out of a header as they stand there: `struct x`, `enum x`, `#define X_`. */
export function cut(file: string, ...declarations: readonly string[]): string {
  const text = readFileSync(file, "utf8");
  return declarations
    .map((declaration) => {
      const pattern = declaration.startsWith("#define")
        ? new RegExp(`^#\\s*define\\s+${declaration.slice(8)}\\w*[ \\t].*(?:\\\\\\n.*)*$`, "gm")
        : declaration.startsWith("typedef")
          ? new RegExp(`^${declaration}.*;$`, "gm")
          : new RegExp(`^${declaration} \\{[^]*?^\\}[^;]*;`, "gm");
      const found = text.match(pattern);
      if (found === null) throw new Error(`${file} has no ${declaration}`);
      return `${found.join("\n")}\n`;
    })
    .join("\n");
}
