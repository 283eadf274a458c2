import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import * as abi from "../../../ts/module/abi.ts";

const header = readFileSync("c-src/batch/batch.h", "utf8");
const imsg = readFileSync("c-src/upstream/imsg.h", "utf8");

/** The value of a numeric macro in a C header. */
function macro(text: string, name: string): number {
  const value = new RegExp(`^#define\\s+${name}\\s+(\\w+)`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`there is no ${name}`);
  return Number(value);
}

/** The index of the first word of each field of a structure whose fields are 32-bit words. */
function words(struct: string): { index: Record<string, number>; count: number } {
  const body = new RegExp(`^struct ${struct} \\{(.*?)^\\};`, "ms").exec(header)?.[1];
  if (body === undefined) throw new Error(`there is no struct ${struct}`);
  const declarations = body.replace(/\/\*.*?\*\//gs, "").split(";");
  const index: Record<string, number> = {};
  let count = 0;
  for (const field of declarations.flatMap((declaration) => declaration.split(","))) {
    const found = /(\w+)(?:\[(\w+)\])?\s*$/.exec(field);
    if (found === null) continue;
    const [, name, size] = found;
    index[name!] = count;
    count += size === undefined ? 1 : macro(header, size);
  }
  return { index, count };
}

describe("the constants of abi.ts", () => {
  test.each([
    ["MAX_IMSGSIZE", macro(imsg, "MAX_IMSGSIZE"), abi.DEFAULT_MAX_SIZE],
    ["BATCH_WINDOW", macro(header, "BATCH_WINDOW"), abi.WINDOW_SIZE],
    ["BATCH_MESSAGES, times four words", macro(header, "BATCH_MESSAGES") * 4, abi.HEADERS_WORDS],
    ["BATCH_FDPASS", macro(header, "BATCH_FDPASS"), abi.BATCH_FDPASS],
    ["BATCH_CLASSIC", macro(header, "BATCH_CLASSIC"), abi.BATCH_CLASSIC],
  ])("have C's value of %s", (_, theirs, ours) => {
    expect(ours).toBe(theirs);
  });

  it("leave room for the scratch memory in the outgoing window", () => {
    expect(macro(header, "BATCH_OUTGOING")).toBeGreaterThanOrEqual(abi.WINDOW_SIZE);
  });

  it("index the words of struct batch_result", () => {
    expect(words("batch_result").index).toEqual({
      count: abi.RESULT_COUNT,
      error: abi.RESULT_ERROR,
      need: abi.RESULT_NEED,
      have: abi.RESULT_HAVE,
      total: abi.RESULT_TOTAL,
      first: abi.RESULT_FIRST,
      nfds: abi.RESULT_FD_COUNT,
      fd_message: abi.RESULT_FD_MESSAGE,
      fd: abi.RESULT_FD,
      txlen: abi.RESULT_OUTGOING,
      txvalue: abi.RESULT_VALUE,
      more: abi.RESULT_MORE,
      ndrops: abi.RESULT_DROP_COUNT,
      tx: abi.RESULT_OUTGOING_AT,
    });
  });
});
