import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  archives,
  dest,
  expectNothingLeft,
  expectPlaced,
  FILES,
  fetchUpstream,
  flatFolder,
  lock,
  ONE_C,
  ONE_H,
  put,
  start,
  sum,
  tar,
  work,
} from "./upstream-fixture.ts";

describe("files that are there already", () => {
  it("are left alone, offline and silently", async () => {
    cpSync(flatFolder("given"), dest, { recursive: true });
    const before = FILES.map((file) => statSync(join(dest, file.name)).mtimeMs);
    expect(await fetchUpstream()).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    expectPlaced();
    expect(FILES.map((file) => statSync(join(dest, file.name)).mtimeMs)).toEqual(before);
  });

  it("are refused when one is not the original and no marker says so, and not overwritten", async () => {
    const mine = Buffer.from("my work of a week");
    cpSync(flatFolder("given", new Map([["one.c", mine]])), dest, { recursive: true });
    const { code, stderr } = await fetchUpstream();
    expect(code).toBe(1);
    expect(stderr).toContain("one.c");
    expect(stderr).toContain(ONE_C.sum);
    expect(stderr).toContain(sum(mine));
    expect(stderr).toContain("remove the folder");
    expect(readFileSync(join(dest, "one.c")).equals(mine)).toBe(true);
  });

  it("are refused when a file lies among them that does not belong there", async () => {
    cpSync(flatFolder("given"), dest, { recursive: true });
    put(dest, "sys/types.h", "shadows the system's");
    const { code, stderr } = await fetchUpstream();
    expect(code).toBe(1);
    expect(stderr).toContain("sys/types.h");
    expect(existsSync(join(dest, "sys/types.h"))).toBe(true);
  });

  it("are completed when one is missing", async () => {
    cpSync(flatFolder("given"), dest, { recursive: true });
    rmSync(join(dest, "one.h"));
    expect((await fetchUpstream({ IMSG_UPSTREAM: join(work, "given") })).code).toBe(0);
    expectPlaced();
  });
});

describe("IMSG_UPSTREAM", () => {
  it("takes the files from a carrier's archive, whatever its own sum", async () => {
    const archive = join(work, "release.tar.gz");
    put(join(work, "carriers/first-1.0"), "README", "another release, the same files");
    await tar(archive, join(work, "carriers/first-1.0"), "first-1.0");
    const { code, stdout, stderr } = await fetchUpstream({ IMSG_UPSTREAM: archive });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(archive);
    expectPlaced();
  });

  it("takes the files from an unpacked carrier", async () => {
    expect((await fetchUpstream({ IMSG_UPSTREAM: "carriers/first-1.0" })).code).toBe(0);
    expectPlaced();
  });

  it("takes the files from a folder that holds just them", async () => {
    expect((await fetchUpstream({ IMSG_UPSTREAM: flatFolder("given") })).code).toBe(0);
    expectPlaced();
  });

  it("takes the files from a folder without folders", async () => {
    for (const file of FILES) put(join(work, "flat"), file.name.replace("sys/", ""), file.bytes);
    expect((await fetchUpstream({ IMSG_UPSTREAM: join(work, "flat") })).code).toBe(0);
    expectPlaced();
  });

  it.each(["folder", "archive"])(
    "refuses a wrong sum (%s), names the file, both sums and the way out, leaves nothing",
    async (kind) => {
      const altered = Buffer.from(ONE_C.bytes);
      altered.writeUInt8(altered.readUInt8(30_000) ^ 1, 30_000);
      const folder = flatFolder("given", new Map([["one.c", altered]]));
      const path = kind === "folder" ? folder : join(work, "given.tar.gz");
      if (kind === "archive") await tar(path, folder, "given");
      const { code, stdout, stderr } = await fetchUpstream({ IMSG_UPSTREAM: path });
      expect(code).toBe(1);
      expect(stdout).toBe("");
      expect(stderr).toContain("one.c");
      expect(stderr).toContain(ONE_C.sum);
      expect(stderr).toContain(sum(altered));
      expect(stderr).toContain("IMSG_UPSTREAM_UNVERIFIED=1");
      expect(stderr).not.toContain("one.h");
      expectNothingLeft();
    },
  );

  it("refuses a wrong sum even when the right files are in place, which stay", async () => {
    cpSync(flatFolder("good"), dest, { recursive: true });
    const given = flatFolder("given", new Map([["one.c", Buffer.from("altered")]]));
    const { code, stderr } = await fetchUpstream({ IMSG_UPSTREAM: given });
    expect(code).toBe(1);
    expect(stderr).toContain("one.c");
    expectPlaced();
  });

  it("names the files that a folder lacks", async () => {
    const given = flatFolder("given");
    rmSync(join(given, "one.h"));
    const { code, stderr } = await fetchUpstream({ IMSG_UPSTREAM: given });
    expect(code).toBe(1);
    expect(stderr).toContain("lacks one.h.");
    expectNothingLeft();
  });

  it("refuses a path that is not there, and an archive that is none", async () => {
    expect((await fetchUpstream({ IMSG_UPSTREAM: "nowhere" })).code).toBe(1);
    put(work, "broken.tar.gz", archives.get("/pool/first/first.tar.gz")!.subarray(0, 50_000));
    const { code, stderr } = await fetchUpstream({ IMSG_UPSTREAM: "broken.tar.gz" });
    expect(code).toBe(1);
    expect(stderr).toContain("cannot be unpacked");
    expectNothingLeft();
  });
});

describe("IMSG_UPSTREAM_UNVERIFIED=1", () => {
  const ALTERED = Buffer.from("altered on purpose");
  const unverified = (path: string) => ({ IMSG_UPSTREAM: path, IMSG_UPSTREAM_UNVERIFIED: "1" });
  const marker = () => readFileSync(join(dest, "UNVERIFIED"), "utf8");

  it("accepts altered files, warns, and names them in a marker", async () => {
    const altered = new Map([["one.c", ALTERED]]);
    const { code, stderr } = await fetchUpstream(unverified(flatFolder("given", altered)));
    expect(code).toBe(0);
    for (const text of [stderr, marker()]) {
      expect(text).toContain("one.c");
      expect(text).toContain(ONE_C.sum);
      expect(text).toContain(sum(ALTERED));
      expect(text).not.toContain("one.h");
    }
    expect(stderr).toContain("WARNING");
    expectPlaced(altered);
  });

  it("copies files again that have changed since", async () => {
    const given = flatFolder("given", new Map([["one.c", ALTERED]]));
    await fetchUpstream(unverified(given));
    const next = Buffer.from("altered once more");
    put(given, "one.h", next);
    expect((await fetchUpstream(unverified(given))).code).toBe(0);
    expect(marker()).toContain(sum(next));
    expect(marker()).toContain(ONE_H.sum);
    expectPlaced(
      new Map([
        ["one.c", ALTERED],
        ["one.h", next],
      ]),
    );
  });

  it("leaves files alone that have not changed since, and warns again", async () => {
    const given = flatFolder("given", new Map([["one.c", ALTERED]]));
    await fetchUpstream(unverified(given));
    const before = statSync(join(dest, "one.c"));
    const { code, stdout, stderr } = await fetchUpstream(unverified(given));
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("WARNING");
    expect(statSync(join(dest, "one.c")).ino).toBe(before.ino);
  });

  it("leaves no marker when every file is the original", async () => {
    const { code, stderr } = await fetchUpstream(unverified(flatFolder("given")));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expectPlaced();
  });

  it("is undone by the next verified run", async () => {
    const given = flatFolder("given", new Map([["one.c", ALTERED]]));
    await fetchUpstream(unverified(given));
    expect((await fetchUpstream({ IMSG_UPSTREAM: flatFolder("good") })).code).toBe(0);
    expectPlaced();
  });

  it("is not taken for the original when no carrier can be reached", async () => {
    const altered = new Map([["one.c", ALTERED]]);
    await fetchUpstream(unverified(flatFolder("given", altered)));
    expect((await fetchUpstream()).code).toBe(1);
    expectPlaced(altered);
  });

  it("means nothing without IMSG_UPSTREAM, and says so", async () => {
    const { code, stderr } = await fetchUpstream({ IMSG_UPSTREAM_UNVERIFIED: "1" });
    expect(code).toBe(1);
    expect(stderr).toContain("needs IMSG_UPSTREAM");
    expectNothingLeft();
  });
});

// apt downloads: without it the script only prints a message, which the last test proves.
describe("the command", () => {
  it("without apt the error says how to fetch the files by hand", async () => {
    // A machine without apt, seen from the script: no apt-get in PATH and no mirror named.
    const empty = join(work, "empty");
    mkdirSync(empty);
    const args = ["--dest", dest, "--lock", lock];
    const { code, stderr } = await start({ PATH: empty }, args).ended;
    expect(code).toBe(1);
    expect(stderr).toContain("IMSG_UPSTREAM=path make");
    expectNothingLeft();
  });

  it.each([
    ["a field that it does not know", { colour: "red" }, 'unknown field "colour"'],
    ["a sum that is none", { sha256: "123" }, '"sha256" is "123", not a SHA-256'],
    ["a path out of its folder", { path: "../a" }, '"path" is "../a", not a relative path'],
    ["a name that is a path from the root", { name: "/a" }, '"name" is "/a", not a relative'],
    ["a file without a sum", { sha256: undefined }, 'files[0] (a): lacks "sha256"'],
    ["a revision that is no text", { revision: 1 }, '"revision" is 1, not a line of text'],
  ])("refuses a file in the pins with %s", async (_what, change, message) => {
    const file = { name: "a", revision: "1", sha256: "0".repeat(64), path: "a", ...change };
    writeFileSync(lock, JSON.stringify({ carriers: [], files: [file] }));
    const { code, stderr } = await fetchUpstream();
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expectNothingLeft();
  });

  it.each([
    ["is no JSON", "carrier a", "the pins cannot be read"],
    ["has no files", '{ "carriers": [] }', 'lacks the list "files"'],
    ["names no file", '{ "carriers": [], "files": [] }', "names no file"],
    ["has a file that is no object", '{ "carriers": [], "files": [null] }', "is no object"],
  ])("refuses pins whose text %s", async (_what, text, message) => {
    writeFileSync(lock, text);
    const { code, stderr } = await fetchUpstream();
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expectNothingLeft();
  });

  it("refuses an option that it does not know, and explains itself when asked", async () => {
    expect((await start({}, ["--nonsense"]).ended).code).toBe(1);
    const { code, stdout } = await start({}, ["--help"]).ended;
    expect(code).toBe(0);
    for (const name of ["--dest", "--lock", "IMSG_UPSTREAM", "_UNVERIFIED", "IMSG_MIRROR"]) {
      expect(stdout).toContain(name);
    }
  });
});
