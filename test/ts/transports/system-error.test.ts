import { describe, expect, it } from "vitest";
import { ImsgError } from "../../../ts/module/error.ts";
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
    const converted = transportError(error, "recv") as ImsgError;
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
    expect(transportError(error, "recv")).toMatchObject({
      code: expected,
      fromPeer: false,
      cause: error,
    });
  });

  it("returns an ImsgError and an error of the program unchanged", () => {
    for (const error of [new ImsgError("EPIPE"), new Error("mine"), "text", undefined, null]) {
      expect(transportError(error, "recv")).toBe(error);
    }
  });
});
