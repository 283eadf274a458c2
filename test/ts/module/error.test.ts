import { describe, expect, it, test } from "vitest";
import { ImsgCodec, ImsgError, type ImsgErrorCode } from "../../../ts/entry/index.ts";
import { errorOf, fresh, wire } from "../c/helpers.ts";

describe("fromPeer", () => {
  test.each<[ImsgErrorCode, boolean]>([
    ["EPIPE", true],
    ["ECONNRESET", true],
    ["ETIMEDOUT", true],
    ["EBADMSG", true],
    ["ENOBUFS", true],
    ["ERR_IMSG_TRUNCATED", true],
    ["ERR_IMSG_OVERFLOW", true],
    ["ERR_IMSG_UNREAD", true],
    ["EINVAL", false],
    ["ERANGE", false],
    ["ENOMEM", false],
    ["EBADF", false],
    ["ERR_IMSG_CLOSED", false],
    ["ERR_IMSG_TRAPPED", false],
  ])("of %s is %s by default", (code, fromPeer) => {
    expect(new ImsgError(code).fromPeer).toBe(fromPeer);
  });

  it("follows the options, whatever the code", () => {
    expect(new ImsgError("EINVAL", { fromPeer: true }).fromPeer).toBe(true);
    expect(new ImsgError("EPIPE", { fromPeer: false }).fromPeer).toBe(false);
  });
});

describe("an ERANGE", () => {
  const instance = fresh();
  const bad = wire(1, new Uint8Array(0), { len: 15 });

  it("of a header that the codec decodes is the peer's", () => {
    using codec = new ImsgCodec({ instance });
    expect(errorOf(() => codec.push(bad))).toMatchObject({ code: "ERANGE", fromPeer: true });
  });

  it("of a header that an imsgbuf reads is the peer's", () => {
    using socket = new instance.Socket();
    using imsgbuf = instance.Imsgbuf.init(socket);
    socket.deliver(bad);
    expect(errorOf(() => imsgbuf.read())).toMatchObject({ code: "ERANGE", fromPeer: true });
  });

  it("of a message that is too large to send is the caller's", () => {
    using codec = new ImsgCodec({ instance });
    const data = new Uint8Array(20_000);
    expect(errorOf(() => codec.encode({ type: 1, data }))).toMatchObject({
      code: "ERANGE",
      fromPeer: false,
    });
  });
});

it("an ENOMEM is the peer's where its bytes needed the memory, else the caller's", () => {
  const instance = fresh();
  using codec = new ImsgCodec({ instance });
  instance.failAllocation(1);
  const decoding = errorOf(() => codec.push(wire(1, new Uint8Array(100))));
  expect(decoding).toMatchObject({ code: "ENOMEM", fromPeer: true });
  instance.failAllocation(1);
  const opening = errorOf(() => instance.Ibuf.open(100));
  expect(opening).toMatchObject({ code: "ENOMEM", fromPeer: false });
});
