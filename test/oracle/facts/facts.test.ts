import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

const top = fileURLToPath(new URL("../../..", import.meta.url));

const fact = (name: string): string =>
  execFileSync("build/core/facts", [name], { cwd: top, encoding: "utf8" }).trim();

beforeAll(() => {
  execFileSync("make", ["-s", "-f", "test/oracle/facts/facts.mk"], { cwd: top, stdio: "pipe" });
});

describe("the original, natively, when it writes", () => {
  it.each([
    ["never returns from a flush while the socket would block", "flush-eagain"],
    ["never returns from a flush with an empty ibuf in the queue", "flush-empty-ibuf"],
  ])("%s", (_, name) => {
    expect(fact(name)).toBe("still writing after 1000 calls");
  });

  it("queues two ibufs for one imsg_compose_ibuf", () => {
    expect(fact("compose-ibuf-queues-two")).toBe("queue length 2");
  });

  it("closes a descriptor that was not sent when sendmsg takes no byte", () => {
    expect(fact("sendmsg-takes-nothing")).toBe("returned 0, closed 1, first 77, queue length 1");
  });

  it("leaves the descriptor to the caller when imsg_compose fails", () => {
    expect(fact("compose-fails-fd-stays")).toBe("returned -1, errno ERANGE, closed 0");
  });

  it.each([
    ["imsg_close", "close-view"],
    ["imsg_compose_ibuf", "compose-ibuf-view"],
    ["imsg_compose_ibuf that fails", "compose-ibuf-view-too-large"],
    ["ibuf_free", "free-view"],
    ["ibuf_fd_set", "fd-set-view"],
    ["imsg_add", "add-to-view"],
  ])("aborts when %s gets an ibuf on the stack", (_, name) => {
    expect(fact(name)).toBe("ended by abort");
  });

  it("follows NULL after imsgbuf_clear", () => {
    expect(fact("after-clear")).toBe("ended by a bad pointer");
  });

  it("takes a length that wraps around for a short one in imsg_create", () => {
    expect(fact("create-wraps")).toBe("made, size 16");
  });

  it("queues an ibuf too short for a header in imsg_close, without a length", () => {
    expect(fact("close-short-ibuf")).toBe("queue length 1, errno ERANGE");
  });

  it("forwards a message without its descriptor, which it does not close", () => {
    expect(fact("forward-keeps-fd")).toBe("closed 0, the message has 77");
  });
});

describe("the original, natively, when it reads", () => {
  it("delivers the same messages again after a bad header", () => {
    expect(fact("bad-header-again")).toBe("first -1: 1 2; again -1: 1 2;");
  });

  it("reports an end that is none once its buffer is full of what it refused", () => {
    expect(fact("bad-header-false-end")).toBe("first -1, again 0");
  });

  it("delivers the same messages again after a failed malloc", () => {
    expect(fact("malloc-fails-again")).toBe("first -1: 1; again 1: 1 2;");
  });

  it("takes payload for a header after a failed malloc behind a message begun earlier", () => {
    expect(fact("malloc-fails-out-of-step")).toBe(
      "begun 1:; failed -1: 1; again -1:; errno ERANGE",
    );
  });

  it("reports an end inside a message as a clean one", () => {
    expect(fact("end-inside-message")).toBe("returned 0");
  });

  it.each(["emsgsize", "eintr"])("tries again for ever on %s", (name) => {
    expect(fact(name)).toBe("still reading after 1000 calls");
  });

  it("closes a descriptor that comes with half a header", () => {
    expect(fact("half-header-fd")).toBe("closed 1, first 77, the message has -1");
  });

  it("asks a reader without end that returns a full ibuf", () => {
    expect(fact("reader-full-ibuf")).toBe("asked 1000 times for one header");
  });

  it("fails without an errno when a reader refuses without one", () => {
    expect(fact("reader-refuses")).toBe("returned -1, errno 0");
  });

  it("swaps the bytes of the value in ibuf_get_n16 and n32 although they fail", () => {
    expect(fact("get-swaps")).toBe("returned -1, value 0201, returned -1, value 04030201");
  });

  it("fails without an errno on an ibuf without memory, when nothing is asked of it", () => {
    expect(fact("no-memory-yet")).toBe(
      "add -1, errno 0; add_zero -1, errno 0; set -1, errno 0; reserve NULL, seek NULL",
    );
  });

  it("counts positions of ibuf_set from where reading stands", () => {
    expect(fact("set-after-reading")).toBe("aXcd");
  });
});

describe("the original's memory, natively", () => {
  it.each([
    ["itself", "add-itself"],
    ["a view of itself", "add-own-view"],
  ])("is read after it has been given back when an ibuf that grows adds %s", (_, name) => {
    expect(fact(name)).toBe("dd dd dd dd");
  });

  it("is read after it has been given back by a view of an ibuf that has grown", () => {
    expect(fact("view-after-growth")).toBe("dd");
  });

  it("of a message is freed when imsg_add fails", () => {
    expect(fact("imsg-add-frees")).toBe("returned -1, freed 1");
  });

  it("of a payload is freed when imsg_compose_ibuf fails", () => {
    expect(fact("compose-ibuf-frees")).toBe("returned -1, freed 2");
  });

  it("is not leaked, whichever allocation of a session fails", () => {
    expect(fact("no-leaks")).toBe("more than ten allocations failed in turn, 0 blocks leaked");
  });
});
