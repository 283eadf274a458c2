/** The recorded sessions and their messages; test/fixtures/README.md names their sources. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Dialect, ReferenceHeader, ReferenceMessage } from "./codec.ts";

export interface GoldenMessage extends ReferenceHeader {
  /** SHA-256 of the payload, in hexadecimal. */
  sha256: string;
}

export interface GoldenFixture {
  dialect: Dialect;
  bytes: number;
  messages: GoldenMessage[];
  rest: number;
}

const FOLDER = fileURLToPath(new URL("../../fixtures/", import.meta.url));

export const GOLDEN_PATH = `${FOLDER}golden.json`;

/** Names of the recorded streams, without `.bin`. */
export function fixtureNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".bin"))
    .map((name) => name.slice(0, -".bin".length))
    .sort();
}

export function readFixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${FOLDER}${name}.bin`));
}

export function readGolden(): Record<string, GoldenFixture> {
  return JSON.parse(readFileSync(GOLDEN_PATH, "utf8")) as Record<string, GoldenFixture>;
}

/** Of the recorded programs only bgpd 8.8 speaks the current dialect. */
export function fixtureDialect(name: string): Dialect {
  return name.startsWith("bgpd88-") ? "current" : "classic";
}

export function toGolden(message: ReferenceMessage): GoldenMessage {
  const { type, len, peerid, pid, hasFd, data } = message;
  const sha256 = createHash("sha256").update(data).digest("hex");
  return { type, len, peerid, pid, hasFd, sha256 };
}
