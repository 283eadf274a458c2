// Tampers with a copy of the repository in six ways, each of which the build must notice.
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Copy, copyRepository, top } from "./copy.ts";

let copy: Copy;

beforeAll(() => {
  copy = copyRepository();
  const { status, stderr } = copy.make(["package"]);
  expect(status, stderr).toBe(0);
}, 300_000);

afterAll(() => copy.remove());

const original = (name: string): string => copy.path(join("c-src/upstream", name));

/** Puts the fetched files back, with their times. */
function restore(): void {
  rmSync(copy.path("c-src/upstream"), { recursive: true });
  cpSync(join(top, "c-src/upstream"), copy.path("c-src/upstream"), {
    recursive: true,
    preserveTimestamps: true,
  });
  expect(copy.make(["-q", "wasm"]).status).toBe(0);
}

/** An edit that compiles: one comparison, in a file of the same length. */
function altered(name: string): string {
  const text = readFileSync(original(name), "utf8");
  const edited = text.replace("len < IMSG_HEADER_SIZE ||", "len > IMSG_HEADER_SIZE ||");
  expect(edited).not.toBe(text);
  return edited;
}

function expectRefused(name: string): void {
  const before = copy.read("wasm/imsg.wasm");
  for (const targets of [["wasm"], ["package"], ["native"], []]) {
    const { status, stderr } = copy.make(targets);
    expect(status).not.toBe(0);
    expect(stderr).toContain(name);
  }
  expect(copy.read("wasm/imsg.wasm")).toEqual(before);
}

const pack = () => copy.run(process.execPath, ["scripts/pack.mjs", "--check"]);

describe("a build notices", () => {
  test("nothing if nothing was changed", () => {
    expect(pack()).toMatchObject({ status: 0, stderr: "" });
  });

  test("an original file with another content", () => {
    writeFileSync(original("imsg.c"), altered("imsg.c"));
    expectRefused("imsg.c");
    restore();
  });

  test("an altered file that is as old as the original was", () => {
    const { atime, mtime } = statSync(original("imsg.c"));
    writeFileSync(original("imsg.c"), altered("imsg.c"));
    utimesSync(original("imsg.c"), atime, mtime);
    expectRefused("imsg.c");
    restore();
  });

  test.each([
    { what: "to an altered file", content: () => altered("imsg.c") },
    { what: "to the same content", content: () => readFileSync(original("imsg.c"), "utf8") },
  ])("a link in place of a file, $what", ({ content }) => {
    writeFileSync(copy.path("build/elsewhere.c"), content());
    rmSync(original("imsg.c"));
    symlinkSync(copy.path("build/elsewhere.c"), original("imsg.c"));
    expectRefused("imsg.c");
    restore();
  });

  test("a header beside the originals that would come before the system's", () => {
    writeFileSync(original("endian.h"), "#define htobe16(x) (x)\n");
    expectRefused("endian.h");
    restore();
  });

  test("a header beside the generated one, and an altered generated one", () => {
    writeFileSync(copy.path("build/c/endian.h"), "#define htobe16(x) (x)\n");
    expectRefused("endian.h");
    rmSync(copy.path("build/c/endian.h"));
    const generated = copy.path("build/c/static_prototypes.h");
    const text = readFileSync(generated, "utf8");
    writeFileSync(generated, `${text}#define IMSG_HEADER_SIZE 20\n`);
    // it is made again
    expect(copy.make(["package"]).status).toBe(0);
    expect(readFileSync(generated, "utf8")).toBe(text);
    expect(pack().status).toBe(0);
  });

  test("no header outside, whatever c-src and the environment have in their paths", () => {
    const headers = [copy.path("c-src/endian.h"), copy.path("elsewhere/imsg.h")];
    mkdirSync(copy.path("elsewhere"));
    for (const header of headers) writeFileSync(header, "#error planted\n");
    const folder = copy.path("elsewhere");
    const env = { CPATH: folder, C_INCLUDE_PATH: folder, EMCC_CFLAGS: `-I${folder}` };
    const { status, stderr } = copy.make(["package", "native"], env);
    expect(status, stderr).toBe(0);
    expect(pack().status).toBe(0);
    for (const header of headers) rmSync(header);
  });

  test("an object in build/ that was not made of the sources", () => {
    const object = copy.path("build/imsg/batch/batch.o");
    copyFileSync(object, `${object}.kept`);
    const { status, stderr } = copy.run("emcc", [
      ...["-O1", "-std=gnu11", "-fno-strict-aliasing", "-mbulk-memory", "-iquote", "c-src"],
      ...["-isystem", "c-src/upstream", "-isystem", "build/c", "-c", "-o", object],
      "c-src/batch/batch.c",
    ]);
    expect(status, stderr).toBe(0);
    copy.touch("build/imsg/batch/batch.o");
    expect(copy.make(["package"]).status).toBe(0);
    expect(pack().stderr).toMatch(/not packed: wasm\/imsg\.wasm has the SHA-256 .* recorded is/);
    copyFileSync(`${object}.kept`, object);
    copy.touch("build/imsg/batch/batch.o");
    expect(copy.make(["package"]).status).toBe(0);
    expect(pack().status).toBe(0);
  });

  test.each([
    { file: "ts/generated/imsg.ts", after: "a bundle is made of it" },
    { file: "dist/shared/core.js", after: "it was bundled" },
    { file: "dist/shared/instance.js", after: "it was bundled" },
  ])("an embedded text in $file in which one character is another, when $after", ({ file }) => {
    const isSource = file.startsWith("ts/");
    const path = copy.path(file);
    const text = readFileSync(path, "utf8");
    // the names of the module's imports are at the beginning of its text
    const at = text.search(/env.host.close/);
    expect(at).toBeGreaterThan(0);
    // a byte of the code, some way behind the names
    const place = at + 6000;
    const other = text[place] === "a" ? "b" : "a";
    writeFileSync(path, text.slice(0, place) + other + text.slice(place + 1));
    if (isSource) expect(copy.make(["package"]).status).toBe(0);
    expect(pack().stderr).toContain("does not embed wasm/");
    writeFileSync(path, text);
    if (isSource) expect(copy.make(["package"]).status).toBe(0);
    expect(pack().status).toBe(0);
  });
});
