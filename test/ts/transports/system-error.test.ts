import { describe, expect, it } from "vitest";
import { ImsgError } from "../../../ts/module/error.ts";
import { CONNECTED } from "../../../ts/transports/connected-table.ts";
import { errnoNameOf, openingError } from "../../../ts/transports/opening-error.ts";
import { transportError } from "../../../ts/transports/system-error.ts";

const named = (name: string, details: object = {}): Error =>
  Object.assign(new Error(`${name} of a test`), { name }, details);

describe("transportError", () => {
  it.each<[what: string, error: Error, code: string, errno: number, syscall: string]>([
    [
      "Node's reset while reading",
      named("Error", { code: "ECONNRESET", errno: -104, syscall: "read" }),
      "ECONNRESET",
      104,
      "read",
    ],
    [
      "Node's broken pipe",
      named("Error", { code: "EPIPE", errno: -32, syscall: "write" }),
      "EPIPE",
      32,
      "write",
    ],
    [
      "Node's stream that closes early",
      named("Error", { code: "ERR_STREAM_PREMATURE_CLOSE" }),
      "ECONNRESET",
      104,
      "recv",
    ],
    [
      "an HTTP/2 stream that is broken off",
      named("Error", { code: "ERR_HTTP2_STREAM_ERROR" }),
      "ECONNRESET",
      104,
      "recv",
    ],
    ["a record that TLS refuses", named("Error", { code: "EPROTO" }), "EBADMSG", 74, "recv"],
    [
      "a certificate that TLS refuses",
      named("Error", { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
      "EBADMSG",
      74,
      "recv",
    ],
    [
      "Bun's certificate that TLS refuses",
      named("Error", { code: "ERR_TLS_CERT_ALTNAME_INVALID" }),
      "EBADMSG",
      74,
      "recv",
    ],
    ["a socket that is closed", named("Error", { code: "ERR_SOCKET_CLOSED" }), "EPIPE", 32, "recv"],
    [
      "a write to a destroyed stream",
      named("Error", { code: "ERR_STREAM_DESTROYED" }),
      "EPIPE",
      32,
      "recv",
    ],
    ["Deno's reset by name", named("ConnectionReset"), "ECONNRESET", 104, "recv"],
    ["Deno's broken pipe by name", named("BrokenPipe", { code: "EPIPE" }), "EPIPE", 32, "recv"],
    ["Deno's time-out", named("TimedOut"), "ETIMEDOUT", 110, "recv"],
    ["Deno's TLS end without close_notify", named("UnexpectedEof"), "ECONNRESET", 104, "recv"],
    [
      "Bun's reset",
      named("Error", { code: "ECONNRESET", errno: 104, syscall: "read" }),
      "ECONNRESET",
      104,
      "read",
    ],
    [
      "a host that cannot be reached",
      named("Error", { code: "EHOSTUNREACH" }),
      "EHOSTUNREACH",
      113,
      "recv",
    ],
  ])("converts %s, which the peer can cause", (_, error, code, errno, syscall) => {
    const converted = transportError(error, "recv", CONNECTED) as ImsgError;
    expect(converted).toBeInstanceOf(ImsgError);
    expect(converted).toMatchObject({ code, errno, syscall, fromPeer: true, cause: error });
    expect(converted.message).toContain(error.message);
  });

  it.each([
    ["ENOBUFS", "ENOBUFS"],
    ["EBADF", "EBADF"],
    ["ENOLINK", "EIO"],
  ])("converts %s of the local system to %s, which the peer cannot cause", (code, expected) => {
    const error = named("Error", { code });
    expect(transportError(error, "recv", CONNECTED)).toMatchObject({
      code: expected,
      fromPeer: false,
      cause: error,
    });
  });

  it.each([
    ["EPERM", 1, "EPERM: operation not permitted, send"],
    ["EACCES", 13, "EACCES: permission denied, send"],
  ])("converts %s, with which a firewall refuses what a connection sends", (code, errno, text) => {
    const { message, ...fields } = transportError(
      named("Error", { code }),
      "send",
      CONNECTED,
    ) as ImsgError;
    expect(fields).toMatchObject({ code, errno, fromPeer: false });
    expect(message).toMatch(text);
  });

  it("returns an ImsgError and an error of the program unchanged", () => {
    for (const error of [new ImsgError("EPIPE"), new Error("mine"), "text", undefined, null]) {
      expect(transportError(error, "recv", CONNECTED)).toBe(error);
    }
  });
});

describe("openingError", () => {
  const opened = (error: Error, syscall = "connect"): ImsgError =>
    openingError(error, syscall, "example.net:7") as ImsgError;

  it.each<[what: string, error: Error, code: string, errno: number | undefined, fromPeer: boolean]>(
    [
      ["a refusal", named("Error", { code: "ECONNREFUSED" }), "ECONNREFUSED", 111, true],
      ["a full listener", named("Error", { code: "EAGAIN" }), "EAGAIN", 11, true],
      ["a missing file", named("NotFound", { code: "ENOENT" }), "ENOENT", 2, false],
      ["what Deno does not permit", named("NotCapable"), "EACCES", 13, false],
      [
        "a name server that is gone",
        named("Error", { code: "EAI_AGAIN" }),
        "EAI_AGAIN",
        undefined,
        false,
      ],
      ["an argument of another type", new TypeError("host"), "EINVAL", 22, false],
      ["an argument out of range", new RangeError("port"), "EINVAL", 22, false],
      ["an errno without a name", named("Error", { code: "ENOLINK" }), "EIO", 5, false],
      ["an error without a code", new Error("something"), "EIO", 5, false],
    ],
  )("converts %s", (_, error, code, errno, fromPeer) => {
    const converted = opened(error);
    expect(converted).toBeInstanceOf(ImsgError);
    expect(converted).toMatchObject({ code, syscall: "connect", fromPeer, cause: error });
    expect(converted.errno).toBe(errno);
    expect(converted.message).toMatch(/^E\w+: \S.*, connect: example.net:7/);
  });

  it("keeps the messages of every address of a name, and repeats nothing", () => {
    const each = ["connect ECONNREFUSED ::1:7", "connect ECONNREFUSED 127.0.0.1:7"];
    const all = new AggregateError(each.map((text) => new Error(text)));
    const { message } = opened(Object.assign(all, { code: "ECONNREFUSED" }));
    expect(message).toBe(
      `ECONNREFUSED: connection refused, connect: example.net:7: ${each.join("; ")}`,
    );
    const one = named("Error", { code: "ECONNREFUSED", syscall: "connect", address: "::1" });
    one.message = "connect ECONNREFUSED example.net:7";
    expect(opened(one).message).toBe("ECONNREFUSED: connection refused, connect: example.net:7");
  });

  it("takes the name of the call alone from Node's errors of children", () => {
    const error = named("Error", { code: "ENOENT", syscall: "spawn /no/such/program" });
    expect(opened(error, "spawn").syscall).toBe("spawn");
  });

  it("returns an ImsgError and the reason of a signal that is no Error unchanged", () => {
    for (const error of [new ImsgError("EPIPE"), "text", undefined, null]) {
      expect(openingError(error, "connect", "x")).toBe(error);
    }
  });
});

it("errnoNameOf has the errnos that Linux's calls on sockets set", () => {
  const names = { 1: "EPERM", 2: "ENOENT", 13: "EACCES", 24: "EMFILE", 104: "ECONNRESET" };
  for (const [number, name] of Object.entries(names))
    expect(errnoNameOf(Number(number))).toBe(name);
  expect(errnoNameOf(67)).toBeUndefined();
});
