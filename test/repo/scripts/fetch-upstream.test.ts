import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  archives,
  dest,
  everythingIn,
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
  temp,
  UNREACHABLE,
  work,
  writeLock,
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

  it("copies again what has changed since", async () => {
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
describe.skipIf(!existsSync("/usr/lib/apt/apt-helper"))("carriers", () => {
  type Answer = (request: IncomingMessage, response: ServerResponse, archive: Buffer) => void;

  let server: Server | undefined;
  let requests: string[];

  /** A mirror that sends each archive whole, or answers by the function in `answers`, by carrier. */
  async function mirror(answers: Record<string, Answer> = {}): Promise<string> {
    requests = [];
    server = createServer((request, response) => {
      const path = request.url!.replace("/debian", "");
      requests.push(path);
      const archive = archives.get(path);
      const answer = answers[path.split("/")[2]!] ?? whole;
      if (archive) answer(request, response, archive);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/debian/`;
  }

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
  });

  const whole: Answer = (request, response, archive) => {
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    if (from === undefined) {
      response.writeHead(200, { "content-length": archive.length }).end(archive);
      return;
    }
    const headers = { "content-range": `bytes ${from}-${archive.length - 1}/${archive.length}` };
    response.writeHead(206, headers).end(archive.subarray(Number(from)));
  };
  const missing: Answer = (_request, response) => void response.writeHead(404).end();
  /** Announces the whole archive and cuts the connection in the middle of it. */
  const cut: Answer = (_request, response, archive) => {
    response.writeHead(200, { "content-length": archive.length });
    response.write(archive.subarray(0, archive.length / 2), () => response.destroy());
  };
  /** Sends half of the archive as if it were all. */
  const half: Answer = (_request, response, archive) =>
    void response.end(archive.subarray(0, archive.length / 2));

  it("are fetched from a mirror and verified, without a warning", async () => {
    const { code, stdout, stderr } = await fetchUpstream({ IMSG_MIRROR: await mirror() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("first 1.0");
    expectPlaced();
  });

  it("replace files that are marked as unverified, and their marker", async () => {
    const given = flatFolder("given", new Map([["one.c", Buffer.from("altered")]]));
    await fetchUpstream({ IMSG_UPSTREAM: given, IMSG_UPSTREAM_UNVERIFIED: "1" });
    expect(existsSync(join(dest, "UNVERIFIED"))).toBe(true);
    expect((await fetchUpstream({ IMSG_MIRROR: await mirror() })).code).toBe(0);
    expectPlaced();
  });

  it("are tried in turn: the second when the first is gone", async () => {
    const url = await mirror({ first: missing });
    const { code, stdout } = await fetchUpstream({ IMSG_MIRROR: url });
    expect(code).toBe(0);
    expect(stdout).toContain("second 1.0");
    expectPlaced();
  });

  it("are looked for on every mirror", async () => {
    const url = await mirror();
    expect((await fetchUpstream({ IMSG_MIRROR: `${UNREACHABLE} ${url}` })).code).toBe(0);
    expectPlaced();
  });

  it("are taken from a mirror on the disk", async () => {
    for (const [path, bytes] of archives) put(join(work, "mirror"), path, bytes);
    const { code } = await fetchUpstream({ IMSG_MIRROR: `file://${join(work, "mirror")}` });
    expect(code).toBe(0);
    expectPlaced();
  });

  it("with a wrong sum are refused: the archive, both sums, the way out, and nothing left", async () => {
    const url = await mirror({ first: half, second: missing });
    const { code, stderr } = await fetchUpstream({ IMSG_MIRROR: url });
    const archive = archives.get("/pool/first/first.tar.gz")!;
    expect(code).toBe(1);
    expect(stderr).toContain("first.tar.gz");
    expect(stderr).toContain(sum(archive));
    expect(stderr).toContain(sum(archive.subarray(0, archive.length / 2)));
    expect(stderr).toContain("IMSG_UPSTREAM=path make");
    expectNothingLeft();
  });

  it("whose archive is right but whose file is not are refused in the same way", async () => {
    const altered = Buffer.from("another revision");
    put(join(work, "carriers/first-1.0"), ONE_C.path, altered);
    const archive = join(work, "first.tar.gz");
    await tar(archive, join(work, "carriers/first-1.0"), "first-1.0");
    archives.set("/pool/first/first.tar.gz", readFileSync(archive));
    writeLock(new Map([["first", sum(readFileSync(archive))]]));
    const { code, stderr } = await fetchUpstream({ IMSG_MIRROR: await mirror() });
    expect(code).toBe(1);
    expect(stderr).toContain("one.c");
    expect(stderr).toContain(ONE_C.sum);
    expect(stderr).toContain(sum(altered));
    expect(stderr).toContain("IMSG_UPSTREAM=path make");
    expectNothingLeft();
  });

  it("cut off in the middle leave nothing, and the next run succeeds", async () => {
    const answers: Record<string, Answer> = { first: cut, second: cut };
    const url = await mirror(answers);
    const { code, stderr } = await fetchUpstream({ IMSG_MIRROR: url });
    expect(code).toBe(1);
    expect(new Set(requests)).toEqual(new Set(archives.keys()));
    expect(stderr).toContain("IMSG_UPSTREAM=path make");
    expectNothingLeft();
    answers.first = whole;
    expect((await fetchUpstream({ IMSG_MIRROR: url })).code).toBe(0);
    expectPlaced();
  });

  it("cut off once are resumed", async () => {
    const once: Answer = (request, response, archive) =>
      (request.headers.range ? whole : cut)(request, response, archive);
    const url = await mirror({ first: once, second: missing });
    expect((await fetchUpstream({ IMSG_MIRROR: url })).code).toBe(0);
    expect(requests).toHaveLength(2);
    expectPlaced();
  });

  it.each(["SIGINT", "SIGTERM"] as const)("interrupted by %s leave nothing", async (signal) => {
    let reached = () => {};
    const halfway = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const stall: Answer = (_request, response, archive) => {
      response.writeHead(200, { "content-length": archive.length });
      response.write(archive.subarray(0, archive.length / 2), reached);
    };
    const url = await mirror({ first: stall });
    const run = start({ IMSG_MIRROR: url }, ["--dest", dest, "--lock", lock]);
    await halfway;
    expect(everythingIn(temp)).not.toEqual([]);
    run.child.kill(signal);
    const { code } = await run.ended;
    expect(code).toBe(signal === "SIGINT" ? 130 : 143);
    expectNothingLeft();
  });

  it("out of reach: says in plain words what to do by hand", async () => {
    const { code, stdout, stderr } = await fetchUpstream();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("could not be downloaded");
    expect(stderr).toContain("first 1.0 or second 1.0");
    for (const archive of archives.values()) expect(stderr).toContain(sum(archive));
    expect(stderr).toContain("first-1.0.tar.gz");
    expect(stderr).toContain("IMSG_UPSTREAM=path make");
    expect(stderr).not.toMatch(/^\s+at /m);
    expectNothingLeft();
  });
});

describe("the command", () => {
  it("without apt says what to do by hand", async () => {
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
