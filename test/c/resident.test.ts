/**
 * Measures the resident memory of a process whose peers announce long messages, through the packed
 * library: memory that was announced and not sent must not become resident, neither on arrival nor when
 * the peers leave, and afterwards the instance serves messages of every length.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("resident.mjs", import.meta.url));
const MB = 1 << 20;

interface Growth {
  /** Bytes that the process has grown by while the peers are there, and after they have left. */
  during: number;
  after: number;
  /** Bytes of linear memory while the peers are there. */
  linear: number;
  serves: boolean;
}

function measure(scenario: string, count: number, lengths: readonly number[]): Growth {
  const args = ["--expose-gc", script, scenario, String(count), ...lengths.map(String)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Growth;
}

/**
 * The other memory of an open connection, in bytes: its objects in JavaScript and C, and the 4 kB
 * in which codecs and channels collect short chunks. An imsgbuf of the 1:1 API has a read buffer.
 */
const CONNECTION: Record<string, number> = { codec: 7000, channel: 20_000, imsgbuf: 70_000 };
/** The growth of the process without any connection, because the time of V8's collections varies. */
const NOISE = 6 * MB;

const MANY = [100, 5000, 30_000, 70_000, MB, 8 * MB];

describe.runIf(existsSync("/proc/self/status"))("resident memory", () => {
  it.each([
    { scenario: "codec", count: 31, lengths: [64 * MB] },
    { scenario: "channel", count: 31, lengths: [64 * MB] },
    { scenario: "imsgbuf", count: 31, lengths: [64 * MB] },
    { scenario: "channel", count: 200, lengths: [8 * MB] },
    { scenario: "codec", count: 200, lengths: MANY },
    { scenario: "channel", count: 200, lengths: MANY },
    { scenario: "imsgbuf", count: 200, lengths: MANY },
    { scenario: "codec", count: 2000, lengths: [32_700, 20_000, 3000, 1000, 200] },
  ])("does not grow by what $count peers of a $scenario announce ($lengths bytes)", (peers) => {
    const { scenario, count, lengths } = peers;
    const { during, after, linear, serves } = measure(scenario, count, lengths);
    const connections = count * CONNECTION[scenario]!;
    const announced = (count / lengths.length) * lengths.reduce((sum, n) => sum + n, 0);
    // the space was allocated, or the test would prove nothing
    expect(linear).toBeGreaterThan(announced);
    expect(during).toBeLessThan(NOISE + connections);
    expect(after).toBeLessThan(NOISE + connections);
    expect(serves).toBe(true);
  });
});
