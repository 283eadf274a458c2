import { existsSync, readFileSync } from "node:fs";
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
  fetchUpstream,
  flatFolder,
  lock,
  ONE_C,
  put,
  start,
  sum,
  tar,
  temp,
  UNREACHABLE,
  work,
  writeLock,
} from "./upstream-fixture.ts";

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

  it("out of reach: the error says how to fetch the files by hand", async () => {
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
