import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { ImsgChannel } from "../../../ts/entry/index.ts";
import {
  array,
  bytes,
  chars,
  defineProtocol,
  empty,
  enumeration,
  flags,
  struct,
  trailing,
  u8,
  u16,
  u32,
  u64,
} from "../../../ts/entry/protocol.ts";
import { type Address, bgpd } from "../../../ts/protocols/bgpd/index.ts";

const top = fileURLToPath(new URL("../../../", import.meta.url));

/** Type-checks a program of this folder by the project's options. Returns the errors and the time. */
function check(text: string): { complaints: string[]; milliseconds: number } {
  const name = `${top}test/ts/protocol/program.ts`;
  const config = ts.readConfigFile(`${top}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, top);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (file) => (file === name ? text : readFile(file));
  host.fileExists = (file) => file === name || fileExists(file);
  const program = ts.createProgram([name], { ...options, types: [] }, host);
  program.getGlobalDiagnostics();
  const start = performance.now();
  const found = program.getSemanticDiagnostics(program.getSourceFile(name));
  const milliseconds = performance.now() - start;
  const complaints = found.map(({ messageText }) =>
    ts.flattenDiagnosticMessageText(messageText, "\n"),
  );
  return { complaints, milliseconds };
}

describe("the types of a protocol", () => {
  it("follow from its fields", () => {
    const s = struct({
      a: u32,
      b: u64,
      c: chars(4),
      d: bytes(2),
      e: enumeration({ X: 1 }, u8),
      f: flags(u16, { UP: 1 }),
      g: array(u8, 2),
      h: struct({ i: u8 }),
      r: trailing(u8),
    });
    expectTypeOf(s.decode).returns.toEqualTypeOf<{
      readonly a: number;
      readonly b: bigint;
      readonly c: string;
      readonly d: Uint8Array;
      readonly e: "X" | number;
      readonly f: ("UP" | number)[];
      readonly g: number[];
      readonly h: { readonly i: number };
      readonly r: Uint8Array;
    }>();
    s.encode({ b: 1, f: ["UP"], h: {} });
    // @ts-expect-error a string is no number
    expect(() => s.encode({ a: "1" })).toThrow();
    // @ts-expect-error there is no such field
    expect(() => s.encode({ z: 1 })).toThrow();
    // @ts-expect-error there is no such flag
    expect(() => s.encode({ f: ["DOWN"] })).toThrow();
  });

  it("type the sent messages, the replies and the items of a listing", () => {
    const use = async (channel: ImsgChannel): Promise<void> => {
      const client = bgpd.on(channel);
      const { payload } = await client.request("SHOW_RIB_MEM");
      expectTypeOf(payload.pt_cnt).toEqualTypeOf<number[]>();
      for await (const message of client.list("SHOW_NEIGHBOR", { addr: "192.0.2.1" })) {
        expectTypeOf(message.name).toEqualTypeOf<"SHOW_NEIGHBOR" | "SHOW_TIMER">();
        if (message.name === "SHOW_NEIGHBOR") {
          expectTypeOf(message.payload.conf.remote_addr).toEqualTypeOf<Address>();
        }
      }
      const message = await client.receive();
      if (message?.name === undefined) {
        if (message !== undefined) expectTypeOf(message.payload).toEqualTypeOf<Uint8Array>();
      }
      // @ts-expect-error there is no such message
      await client.send("SHOW_NOTHING");
      // @ts-expect-error clients do not send it
      await client.send("SHOW_TIMER", {});
      // @ts-expect-error it has no single reply
      await client.request("SHOW_RIB");
      // @ts-expect-error it is no listing
      client.list("SHOW_RIB_MEM");
      // @ts-expect-error there is no such field
      await client.send("NETWORK_ADD", { prefx: "192.0.2.0" });
    };
    expect(use).toBeTypeOf("function");
  });

  it("need names of replies that there are", () => {
    const define = () =>
      defineProtocol({
        name: "x",
        messages: {
          // @ts-expect-error there is no message B
          A: { type: 1, send: empty, reply: "B" },
        },
      });
    expect(define).toThrow('reply of A is "B"');
  });

  it("of 80 messages are checked, and every mistake in their use is found", () => {
    const messages = Array.from({ length: 80 }, (_, i) => {
      const fields = Array.from(
        { length: 20 },
        (_, f) => `f${f}: ${["u32", "u64", "chars(8)"][f % 3]}`,
      );
      return `M${i}: { type: ${i}, send: struct({ ${fields} }), receive: struct({ ${fields} }), reply: "M${(i + 1) % 80}" },`;
    });
    const uses = Array.from(
      { length: 80 },
      (_, i) => `
        void typed.send("M${i}", { f0: ${i}, f1: 1n, f2: "x" });
        void typed.request("M${i}", {}).then(({ payload }) => payload.f${i % 20} satisfies number | bigint | string);`,
    );
    const text = `
      import { chars, defineProtocol, struct, u32, u64 } from "../../../ts/entry/protocol.ts";
      import type { ImsgChannel } from "../../../ts/entry/index.ts";
      const protocol = defineProtocol({ name: "p", messages: { ${messages.join("\n")} } });
      declare const channel: ImsgChannel;
      const typed = protocol.on(channel);
      for await (const m of typed) if (m.name === "M7") m.payload.f1 satisfies bigint;
      ${uses.join("\n")}
      export {};`;
    const right = check(text);
    expect(right.complaints).toEqual([]);
    console.log(
      `types of 80 messages, 160 structures of 20 fields: ${Math.round(right.milliseconds)} ms`,
    );
    const wrong = check(text.replace(`typed.send("M3", { f0: 3`, `typed.send("M3", { f0: "3"`));
    expect(wrong.complaints).toHaveLength(1);
  }, 120_000);
});
