import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { jsonFormat } from "../../../ts/cli/format.ts";
import { parseMessage } from "../../../ts/cli/message.ts";
import { TypeNames } from "../../../ts/cli/values.ts";
import { fieldsBy } from "../../../ts/inspect/fields.ts";
import { SHIPPED } from "../../../ts/inspect/protocols.ts";
import { packed, run } from "./command.ts";

const folder = mkdtempSync(join(tmpdir(), "imsg-requests-"));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (name: string, text: string | Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

/** Echoes the messages that it receives, one after the other. */
const ECHO = ["connect", "exec:cat <&3 >&3", "--json", "--protocol", "bgpd"];

describe("--send @FILE", () => {
  it.each([
    ["CRLF, empty lines and no line feed at the end", '{"type":22}\r\n\r\n \t\r\nEND'],
    ["a byte order mark", '\ufeff{"type":22}\nEND\n'],
    ["a byte order mark before a short form", "\ufeffSHOW_RIB_MEM\nEND\n"],
  ])("takes a file with %s", async (_, text) => {
    const file = written("good", text);
    const { status, stdout } = await run(packed, [...ECHO, "--send", `@${file}`, "--until", "END"]);
    expect(status).toBe(0);
    const types = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).type);
    expect(types).toEqual([22, 1]);
  });

  it.each([
    ["is no JSON", '{"type":x}', "not JSON"],
    ["names no message", "NOPE", "NOPE: not a number"],
    [
      "is too long",
      JSON.stringify({ type: 1, text: "x".repeat(200_000) }),
      "the message has 200016 bytes, and --max-size is 131072",
    ],
    ["has a field that the structure has not", 'SHOW_RIB_PREFIX {"x":1}', 'there is no field "x"'],
  ])("names the line that %s, and sends nothing", async (_, line, message) => {
    const file = written("bad", `{"type":22}\n\n${line}\n`);
    const { status, stdout, stderr } = await run(packed, [...ECHO, "--send", `@${file}`]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("bad, line 3: ");
    expect(stderr).toContain(message);
    expect(stderr.length).toBeLessThan(1000);
  });

  it("and stdin take the same lines", async () => {
    const text = '\ufeff{"type":22}\r\nEND';
    const { status, stdout } = await run(packed, [...ECHO, "--until", "END"], Buffer.from(text));
    expect(status).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(2);
  });
});

describe("--protocol FILE", () => {
  const good = "nameOf() {}, encode() {}, decode() {}, describe() {}";
  it.each([
    ["throws", 'throw new Error("boom")', "boom"],
    ["is no JavaScript", "this is none", "Unexpected identifier"],
    ["exports nothing", "", "exports nothing that defineProtocol has made"],
    ["exports null", "export default null", "exports nothing"],
    ["exports something alike", `export default { ${good} }`, "exports nothing"],
    ["exports null as messages", `export default { ${good}, messages: null }`, "exports nothing"],
  ])("that %s is an error of its use", async (_, text, message) => {
    const file = written("protocol.mjs", text);
    for (const args of [
      ["dump", "--protocol", file],
      ["protocols", file],
    ]) {
      const { status, stderr } = await run(packed, args, new Uint8Array(0));
      expect(status).toBe(2);
      expect(stderr).toContain(`${file}: `);
      expect(stderr).toContain(message);
    }
  });
});

describe("lines that dump --json prints of", () => {
  it.each(Object.keys(SHIPPED))(
    "%s is sent again byte by byte, by its data and by its fields",
    async (name) => {
      const protocol = await SHIPPED[name]!();
      const names = new TypeNames();
      names.addProtocol(protocol);
      const format = jsonFormat(names, fieldsBy(protocol, "send"));
      let [byFields, described] = [0, 0];
      for (const [message, { type, send }] of Object.entries(protocol.messages)) {
        if (send !== undefined && send.describe?.() !== "no payload") described++;
        const size = send?.members?.reduce(
          (most, each) => Math.max(most, each.offset + each.size),
          0,
        );
        fc.assert(
          fc.property(
            fc.array(fc.oneof(fc.constant(0), fc.nat(127)), {
              minLength: size ?? 0,
              maxLength: size ?? 40,
            }),
            fc.nat(2 ** 32 - 1),
            (bytes, peerid) => {
              const data = Uint8Array.from(bytes);
              const line = format.message({ n: 0, type, peerid, pid: 7, data });
              const again = parseMessage(line, names, protocol);
              expect(again).toEqual({ type, peerid, pid: 7, data: Buffer.from(data) });
              const { data: _, len: __, ...fields } = JSON.parse(line);
              if (fields.payload === undefined) return;
              let sent: Uint8Array;
              try {
                sent = parseMessage(JSON.stringify(fields), names, protocol).data as Uint8Array;
              } catch (error) {
                // a text that fills its field has no room for a NUL
                expect(String(error), message).toMatch(/bytes, \d+ fit/);
                return;
              }
              byFields++;
              // padding and bytes behind a NUL are zero now: the sent message prints the same fields
              const printed = JSON.parse(
                format.message({ n: 0, type, peerid, pid: 7, data: sent }),
              );
              expect(printed.payload).toEqual(fields.payload);
              expect(sent.length).toBeLessThanOrEqual(data.length + 1);
            },
          ),
          { numRuns: 20 },
        );
      }
      expect(byFields).toBeGreaterThanOrEqual(5 * described);
    },
  );
});
