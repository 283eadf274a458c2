import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { peerBinary } from "../../helpers/peer.ts";

const file = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "imsg-demo-test-"));
  const liar = join(folder, "liar");
  // exec keeps the pid of the process, so the pids of the messages are right
  const script = [
    "#!/bin/sh",
    "exec 3<&0",
    `'${process.execPath}' '${file("test/e2e/demo/liar.mjs")}' "$2" <&3 &`,
    'exec "$PEER" --listen "$2-real" --tied >/dev/null 2>&1',
  ];
  writeFileSync(liar, `${script.join("\n")}\n`);
  chmodSync(liar, 0o755);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the demo as `make demo` does, on the package that was built. */
function demo(args: string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [file("examples/demo/demo.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, TMPDIR: folder, ...env },
    timeout: 50_000,
  });
}

const lying = (lie: string, ...more: string[]): SpawnSyncReturns<string> =>
  demo([join(folder, "liar"), ...more], { PEER: peerBinary(), LIE: lie });

/** How many messages the rows of one arrow stand for. */
function counted(output: string, arrow: string): number {
  let count = 0;
  for (const line of output.split("\n")) {
    if (!line.startsWith(`  ${arrow}`)) continue;
    const more = / … (\d+) more$/.exec(line);
    count += more === null ? 1 : Number(more[1]);
  }
  return count;
}

describe("the demo", () => {
  test("ends with the numbers of its rows, and that both sides agree", () => {
    const { status, stdout, stderr } = demo([peerBinary()]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const last = stdout.trimEnd().split("\n").at(-1)!;
    const [, messages] = /^demo: (\d+) messages each way, \d+ bytes, native and WASM agree$/.exec(
      last,
    )!;
    expect(Number(messages)).toBeGreaterThan(1000);
    expect(counted(stdout, "→")).toBe(Number(messages));
    expect(counted(stdout, "←")).toBe(Number(messages));
    expect(stdout).toMatch(/ → {2}type 1 +len 16384 /);
    expect(stdout).toMatch(/ ← {2}type 1 +len 16384 /);
    expect(stdout).toContain("Hello, origi");
  });

  // the empty message, the one of a byte and the text are 16, 17 and 34 bytes long
  test.each([
    { lie: "flip 0", says: "expected type 1, but received" },
    { lie: "flip 8", says: "expected peerid 0, but received" },
    { lie: "flip 28", says: /expected pid \d+, but received/ },
    { lie: "flip 32", says: "expected 33 at byte 0 of the payload, but received 32" },
    { lie: "flip 7", says: "ERANGE" },
    { lie: "flip 8000", says: /expected \d+ at byte \d+ of the payload, but received/ },
    { lie: "flip 800000", says: /expected \d+ at byte \d+ of the payload, but received/ },
    { lie: "end 33", says: "but received the end" },
    { lie: "end 40", says: "ERR_IMSG_TRUNCATED" },
    { lie: "extra", says: "expected the end, but received" },
  ])("with a peer that lies ($lie) prints the difference and fails", ({ lie, says }) => {
    const { status, stdout, stderr } = lying(lie);
    expect(stderr).toMatch(says);
    expect(status).toBe(1);
    expect(stdout).not.toContain("agree");
  });

  test("without an answer prints the reason and ends", () => {
    const { status, stdout, stderr } = lying("silence", "1");
    expect(stderr).toContain("demo: not finished after 1 seconds, in the step above");
    expect(status).toBe(1);
    expect(stdout).toContain("an empty message");
  });

  test("without a peer names the missing program", () => {
    const { status, stderr } = demo([join(folder, "no-such-peer")]);
    expect(stderr).toContain("ENOENT");
    expect(status).toBe(1);
    expect(demo(["/bin/false"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("the native peer ended before it listened (1)"),
    });
    expect(demo([])).toMatchObject({ status: 2, stderr: expect.stringContaining("usage:") });
  });

  test("leaves nothing behind", () => {
    expect(readdirSync(folder)).toEqual(["liar"]);
  });
});
