/** The relay's certificates: a fault of one is a line that names the option, before the relay listens. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../helpers/port.ts";
import { packed, run, start } from "./command.ts";
import { stranger } from "./relay-tools.ts";

let folder: string;
const file = (name: string): string => join(folder, name);
const openssl = (...args: string[]): void => {
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  expect(status, stderr).toBe(0);
};
const kinds = { rsa: ["rsa:2048"], ec: ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] };

/** Makes NAME.crt and NAME.key. */
function certificate(name: string, kind: keyof typeof kinds): void {
  const out = ["-keyout", file(`${name}.key`), "-out", file(`${name}.crt`)];
  openssl("req", "-x509", "-newkey", ...kinds[kind], "-nodes", "-subj", "/CN=localhost", ...out);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "imsg-tls-"));
  certificate("one", "rsa");
  certificate("two", "rsa");
  certificate("ec", "ec");
  const request = file("request");
  openssl("req", "-new", "-key", file("one.key"), "-subj", "/CN=localhost", "-out", request);
  const dates = ["-days", "-1", "-out", file("expired.crt")];
  openssl("x509", "-req", "-in", request, "-signkey", file("one.key"), ...dates);
  const locked = ["-aes128", "-passout", "pass:x", "-out", file("locked.key")];
  openssl("rsa", "-in", file("one.key"), ...locked);
  const old = ["-traditional", ...locked.slice(0, -1), file("locked-old.key")];
  openssl("rsa", "-in", file("one.key"), ...old);
  writeFileSync(file("empty"), "");
  writeFileSync(file("text"), "no PEM\n");
  writeFileSync(file("cut.crt"), readFileSync(file("one.crt")).subarray(0, 300));
  writeFileSync(file("cut.key"), readFileSync(file("one.key")).subarray(0, 300));
});

afterAll(() => rmSync(folder, { recursive: true }));

const relay = (cert: string, key: string): string[] => {
  const to = [
    "--listen",
    "127.0.0.1:0",
    "--to",
    "unix:/nonexistent",
    "--token",
    "0123456789abcdef",
  ];
  return ["relay", ...to, "--cert", file(cert), "--key", file(key)];
};

describe("a fault of a certificate is one line that names the option, and status 2", () => {
  test.each([
    ["missing.crt", "one.key", /^imsg: --cert [^ ]*missing\.crt: ENOENT/],
    ["one.crt", "missing.key", /^imsg: --key [^ ]*missing\.key: ENOENT/],
    ["", "one.key", /^imsg: --cert [^ ]*: EISDIR/],
    ["empty", "one.key", /^imsg: --cert [^ ]*empty: the file has no certificate in PEM$/m],
    ["text", "one.key", /^imsg: --cert [^ ]*text: the file has no certificate in PEM$/m],
    ["one.key", "one.crt", /^imsg: --cert [^ ]*one\.key: the file has no certificate in PEM$/m],
    ["cut.crt", "one.key", /^imsg: --cert [^ ]*cut\.crt: the certificate is broken/],
    ["one.crt", "empty", /^imsg: --key [^ ]*empty: the file has no private key in PEM/],
    ["one.crt", "one.crt", /^imsg: --key [^ ]*one\.crt: the file has no private key in PEM/],
    ["one.crt", "cut.key", /^imsg: --key [^ ]*cut\.key: the file has no private key in PEM/],
    ["one.crt", "locked.key", /^imsg: --key [^ ]*locked\.key: the key is encrypted/],
    ["one.crt", "locked-old.key", /^imsg: --key [^ ]*locked-old\.key: the key is encrypted/],
    ["one.crt", "two.key", /^imsg: --key [^ ]*two\.key is not the key of --cert [^ ]*one\.crt$/m],
    ["one.crt", "ec.key", /^imsg: --key [^ ]*ec\.key is not the key of --cert [^ ]*one\.crt$/m],
    ["ec.crt", "one.key", /^imsg: --key [^ ]*one\.key is not the key of --cert [^ ]*ec\.crt$/m],
  ])("--cert %s --key %s", async (cert, key, line) => {
    const { status, stderr } = await run(packed, relay(cert, key));
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(status).toBe(2);
  });
});

/** Starts a relay with TLS, and resolves with its port. */
async function serving(cert: string, key: string) {
  const port = await freePort();
  const running = start(packed, [...relay(cert, key), "--listen", `127.0.0.1:${port}`]);
  onTestFinished(() => void running.child.kill("SIGKILL"));
  await expect.poll(running.stderr, { timeout: 10_000 }).toContain("listening on wss:");
  return { port, running };
}

test("a certificate that has expired is a warning that names the option and the day", async () => {
  const { running } = await serving("expired.crt", "one.key");
  const line =
    /^imsg: warning: --cert: the certificate has expired on [^\n]* GMT: clients refuse it$/m;
  await expect.poll(running.stderr).toMatch(line);
});

test("plain HTTP on the port of TLS is a line of the log, and the relay stays", async () => {
  const { port, running } = await serving("ec.crt", "ec.key");
  await stranger({ host: "127.0.0.1", port }, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await stranger({ host: "127.0.0.1", port }, "\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff");
  const refused = /^[^ ]+ 127\.0\.0\.1:\d+ refused \(400\): /;
  const lines = (): string[] => running.stderr().split("\n");
  await expect
    .poll(lines)
    .toContainEqual(
      expect.stringMatching(new RegExp(`${refused.source}plain HTTP, and this port speaks TLS`)),
    );
  await expect
    .poll(lines)
    .toContainEqual(expect.stringMatching(new RegExp(`${refused.source}the TLS handshake failed`)));
  expect(running.child.exitCode).toBe(null);
});
