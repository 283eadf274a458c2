import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { RawExports, RawModule } from "../../../ts/entry/raw.ts";
import * as index from "./everything.ts";

type Emscripten = Pick<
  EmscriptenModule,
  "HEAP8" | "HEAPU8" | "HEAP16" | "HEAPU16" | "HEAP32" | "HEAPU32" | "HEAP64" | "HEAPU64"
> &
  Pick<EmscriptenModule, "_malloc" | "_free">;

const top = fileURLToPath(new URL("../../../", import.meta.url));

/** The compiler's errors for a file, with this project's options. */
function complaints(name: string, text?: string): string[] {
  const config = ts.readConfigFile(`${top}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, top);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (file) => (file === name && text !== undefined ? text : readFile(file));
  host.fileExists = (file) => (file === name && text !== undefined) || fileExists(file);
  const program = ts.createProgram([name], options, host);
  const source = program.getSourceFile(name);
  expect(source).toBeDefined();
  return ts
    .getPreEmitDiagnostics(program, source)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

describe("the types", () => {
  it("are what the other tests of this file say, by the compiler", () => {
    expect(complaints(fileURLToPath(import.meta.url))).toEqual([]);
  });

  it("are refused by the compiler when they are not", () => {
    const text = `import { expectTypeOf } from "vitest";
      import { Ibuf } from "../../../ts/entry/c.ts";
      expectTypeOf<Ibuf["getN64"]>().returns.toEqualTypeOf<number>();
      Ibuf.open("4");`;
    expect(complaints(`${top}test/ts/c/wrong.ts`, text)).toHaveLength(2);
  });

  it("of integers: number or bigint in, bigint out for 64 bits", () => {
    type Ibuf = index.Ibuf;
    expectTypeOf<Ibuf["addN16"]>().parameters.toEqualTypeOf<[value: number | bigint]>();
    expectTypeOf<Ibuf["setH64"]>().parameters.toEqualTypeOf<
      [pos: number, value: number | bigint]
    >();
    expectTypeOf<Ibuf["getN8"]>().returns.toEqualTypeOf<number>();
    expectTypeOf<Ibuf["getH32"]>().returns.toEqualTypeOf<number>();
    expectTypeOf<Ibuf["getN64"]>().returns.toEqualTypeOf<bigint>();
    expectTypeOf<Ibuf["getH64"]>().returns.toEqualTypeOf<bigint>();
    expectTypeOf<Ibuf["size"]>().toEqualTypeOf<number>();
    expectTypeOf<Ibuf["fdAvail"]>().toEqualTypeOf<boolean>();
  });

  it("of bytes: any container in, an array with a buffer of its own out", () => {
    expectTypeOf<SharedArrayBuffer>().toExtend<index.Bytes>();
    expectTypeOf<DataView>().toExtend<index.Bytes>();
    expectTypeOf<Buffer>().toExtend<index.Bytes>();
    expectTypeOf<number[]>().not.toExtend<index.Bytes>();
    expectTypeOf<string>().not.toExtend<index.Bytes>();
    expectTypeOf<index.Ibuf["data"]>().returns.toEqualTypeOf<Uint8Array<ArrayBuffer>>();
    expectTypeOf<index.Ibuf["reserve"]>().returns.toEqualTypeOf<Uint8Array<ArrayBuffer>>();
    expectTypeOf<index.Imsg["data"]>().toEqualTypeOf<Uint8Array<ArrayBuffer> | undefined>();
  });

  it("of results: as narrow as C's", () => {
    expectTypeOf<index.Imsgbuf["read"]>().returns.toEqualTypeOf<0 | 1>();
    expectTypeOf<index.Imsgbuf["compose"]>().returns.toEqualTypeOf<1>();
    expectTypeOf<index.Imsgbuf["flush"]>().returns.toEqualTypeOf<0>();
    expectTypeOf<index.Imsgbuf["get"]>().returns.toEqualTypeOf<index.Imsg | undefined>();
    expectTypeOf<index.Msgbuf["get"]>().returns.toEqualTypeOf<index.Ibuf | undefined>();
    expectTypeOf<typeof index.Msgbuf.reader>()
      .parameter(1)
      .toEqualTypeOf<(header: Uint8Array) => number>();
  });

  it("of messages: a type is needed, the rest is not", () => {
    expectTypeOf<{ type: number }>().toExtend<index.ComposeInit>();
    expectTypeOf<{ peerid: number }>().not.toExtend<index.ComposeInit>();
    expectTypeOf<{ type: number; data: string }>().not.toExtend<index.ComposeInit>();
    expectTypeOf<{ type: number; data: Uint8Array[] }>().toExtend<index.ComposevInit>();
    expectTypeOf<index.ImsgMessage["data"]>().toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  });

  it("of instances: the classes are the top-level ones", () => {
    expectTypeOf<index.ImsgInstance["Ibuf"]>().toEqualTypeOf<typeof index.Ibuf>();
    expectTypeOf(index.createInstance).returns.toEqualTypeOf<index.ImsgInstance>();
    expectTypeOf(index.instantiate).returns.resolves.toEqualTypeOf<index.ImsgInstance>();
  });

  it("of objects: all of them can be used with using", () => {
    expectTypeOf<index.Ibuf>().toExtend<{ dispose(): void }>();
    expectTypeOf<index.Socket>().toExtend<{ dispose(): void }>();
  });

  it("of errors: a code from a closed set, an errno only for errnos", () => {
    expectTypeOf<"ERANGE">().toExtend<index.ImsgErrorCode>();
    expectTypeOf<"ERR_IMSG_MOVED">().toExtend<index.ImsgErrorCode>();
    expectTypeOf<"EFOO">().not.toExtend<index.ImsgErrorCode>();
    expectTypeOf<index.ImsgError["errno"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<index.ImsgError>().toExtend<Error>();
  });

  it("of the raw layer: those of @types/emscripten, and C's signatures", () => {
    expectTypeOf<RawModule>().toExtend<Emscripten>();
    expectTypeOf<RawExports["ibuf_add_n64"]>().parameters.toEqualTypeOf<
      [buf: number, value: bigint]
    >();
    expectTypeOf<RawExports["imsg_compose"]>().returns.toEqualTypeOf<number>();
  });
});
