import { describe, expect, it } from "vitest";
import { codeOf, errorOf, fresh, joined, pattern, wire } from "./helpers.ts";

function session() {
  const instance = fresh();
  const socket = new instance.Socket();
  const imsgbuf = instance.Imsgbuf.init(socket);
  imsgbuf.allowFdpass();
  return { instance, socket, imsgbuf };
}

/** The wrapper's behaviour for each fact that test/oracle/facts shows of the original. */
describe("the wrapper", () => {
  it("ends a flush that would block with EAGAIN, and keeps the queue", () => {
    const { socket, imsgbuf } = session();
    imsgbuf.compose({ type: 1 });
    socket.room = 5;
    expect(codeOf(() => imsgbuf.flush())).toBe("EAGAIN");
    expect(imsgbuf.queuelen).toBe(1);
    socket.room = 100;
    expect(imsgbuf.flush()).toBe(0);
    expect(socket.take().map(({ data }) => data.length)).toEqual([5, 11]);
  });

  it.each(["EAGAIN", "ENOBUFS", "EINTR"] as const)(
    "goes on with a flush after a passing %s",
    (code) => {
      const { socket, imsgbuf } = session();
      imsgbuf.compose({ type: 1 });
      for (let i = 0; i < 3; i++) socket.failNextWrite(code);
      socket.limitNextWrite(100);
      expect(imsgbuf.flush()).toBe(0);
      expect(imsgbuf.queuelen).toBe(0);
    },
  );

  it("ends a flush with nothing but an empty ibuf left", () => {
    const { instance, socket, imsgbuf } = session();
    imsgbuf.composeIbuf({ type: 1, pid: 1 }, instance.Ibuf.dynamic(0, 10));
    expect(imsgbuf.flush()).toBe(0);
    expect(imsgbuf.queuelen).toBe(1);
    expect(socket.take()[0]!.data).toEqual(wire(1));
    imsgbuf.compose({ type: 2, pid: 1 });
    expect(imsgbuf.flush()).toBe(0);
    expect(imsgbuf.queuelen).toBe(0);
    expect(socket.take()[0]!.data).toEqual(wire(2));
  });

  it("shows a descriptor that was closed because no byte was taken as closed", () => {
    const { instance, socket, imsgbuf } = session();
    let closed = 0;
    imsgbuf.compose({ type: 1, fd: instance.descriptors.open({ close: () => closed++ }) });
    socket.limitNextWrite(0);
    imsgbuf.write();
    expect([closed, imsgbuf.queuelen]).toEqual([1, 1]);
    imsgbuf.flush();
    expect(socket.take().map(({ fd }) => fd)).toEqual([-1]);
  });

  it("leaves the descriptor of a message that is too large to the caller", () => {
    const { instance, imsgbuf } = session();
    const value = {};
    const fd = instance.descriptors.open(value);
    expect(codeOf(() => imsgbuf.compose({ type: 1, fd, data: pattern(20000) }))).toBe("ERANGE");
    expect(instance.descriptors.take(fd)).toBe(value);
  });

  it("repeats the error of a bad header, and delivers nothing twice", () => {
    const { socket, imsgbuf } = session();
    socket.deliver(joined(wire(1), wire(2, pattern(4)), wire(3, undefined, { len: 15 })));
    const error = errorOf(() => imsgbuf.read());
    expect(error.code).toBe("ERANGE");
    socket.deliver(new Uint8Array(65535));
    for (let i = 0; i < 3; i++) expect(errorOf(() => imsgbuf.read())).toBe(error);
    expect([imsgbuf.get()!.getType(), imsgbuf.get()!.getType()]).toEqual([1, 2]);
    expect(imsgbuf.get()).toBe(undefined);
  });

  it("tells an end inside a message from a clean one", () => {
    for (const [length, detail] of [
      [5, "5 of 16 bytes of a header"],
      [18, "18 of 20 bytes"],
    ] as const) {
      const { socket, imsgbuf } = session();
      socket.deliver(joined(wire(1), wire(1, pattern(4)).subarray(0, length)));
      socket.deliverEnd();
      expect(imsgbuf.read()).toBe(1);
      const error = errorOf(() => imsgbuf.read());
      expect(error.code).toBe("ERR_IMSG_TRUNCATED");
      expect(error.message).toContain(detail);
      expect(imsgbuf.get()!.getType()).toBe(1);
    }
    const { socket, imsgbuf } = session();
    socket.deliverEnd();
    expect(imsgbuf.read()).toBe(0);
  });

  it.each(["EMSGSIZE", "EINTR"] as const)(
    "reads on after %s, which no socket repeats here",
    (code) => {
      const { socket, imsgbuf } = session();
      for (let i = 0; i < 3; i++) socket.deliverError(code);
      socket.deliver(wire(1));
      expect(imsgbuf.read()).toBe(1);
      expect(imsgbuf.get()!.getType()).toBe(1);
    },
  );

  it("closes a descriptor that comes with half a header, as the original does", () => {
    const { instance, socket, imsgbuf } = session();
    let closed = 0;
    const message = wire(1, undefined, { fd: true });
    socket.deliver(message.subarray(0, 8), [instance.descriptors.open({ close: () => closed++ })]);
    socket.deliver(message.subarray(8));
    imsgbuf.read();
    imsgbuf.read();
    expect([closed, imsgbuf.get()!.getFd()]).toEqual([1, -1]);
  });

  it.each<[string, () => number, string]>([
    ["less than the header", () => 3, "EINVAL"],
    ["nothing", () => undefined as unknown as number, "EINVAL"],
    ["too much for memory", () => 0xffffffff, "ENOMEM"],
  ])("takes no length from a reader that C could not work with: %s", (_, readHeader, code) => {
    const instance = fresh();
    const socket = new instance.Socket();
    const msgbuf = instance.Msgbuf.reader(4, readHeader);
    socket.deliver(pattern(4));
    expect(codeOf(() => msgbuf.read(socket))).toBe(code);
    expect(codeOf(() => msgbuf.read(socket))).toBe(code);
    msgbuf.free();
    socket.close();
    instance.assertNoLeaks();
  });

  it("throws what a reader throws, as it is, and again", () => {
    const instance = fresh();
    const socket = new instance.Socket();
    const error = new TypeError("mine");
    const msgbuf = instance.Msgbuf.reader(4, () => {
      throw error;
    });
    socket.deliver(pattern(4));
    for (let i = 0; i < 2; i++) expect(() => msgbuf.read(socket)).toThrow(error);
    expect(instance.Ibuf.open(1).left).toBe(1);
  });

  it("throws for integers that are not there, and returns no swapped rest", () => {
    const ibuf = fresh().Ibuf.open(1);
    for (const get of ["getN16", "getN32", "getN64"] as const) {
      expect(codeOf(() => ibuf[get]())).toBe("EBADMSG");
    }
  });

  it("calls a failure without an errno one: ERR_IMSG_UNSPECIFIED", () => {
    const ibuf = fresh().Ibuf.dynamic(0, 10);
    const nothing = new Uint8Array(0);
    for (const run of [
      () => ibuf.add(nothing),
      () => ibuf.addZero(0),
      () => ibuf.set(0, nothing),
      () => ibuf.reserve(0),
      () => ibuf.seek(0, 0),
    ]) {
      expect(codeOf(run)).toBe("ERR_IMSG_UNSPECIFIED");
    }
    ibuf.add(pattern(1));
    ibuf.add(nothing);
  });

  it("leaves the length of a message that C wraps around to C", () => {
    const { imsgbuf } = session();
    expect(imsgbuf.create({ type: 1 }, 0xfffffff0).size).toBe(16);
    expect(codeOf(() => imsgbuf.create({ type: 1 }, 0x7fffffff))).toBe("ERANGE");
  });

  it("leaves what imsg_close makes of an ibuf without a header to C", () => {
    const { instance, socket, imsgbuf } = session();
    const ibuf = instance.Ibuf.open(4);
    ibuf.add(pattern(4));
    imsgbuf.close(ibuf);
    imsgbuf.flush();
    expect(socket.take()[0]!.data).toEqual(pattern(4));
  });

  it("forwards without the descriptor, which stays with the message", () => {
    const { instance, socket, imsgbuf } = session();
    const fd = instance.descriptors.open({});
    socket.deliver(wire(1, pattern(1), { fd: true }), [fd]);
    imsgbuf.read();
    const imsg = imsgbuf.get()!;
    imsgbuf.forward(imsg);
    imsgbuf.flush();
    expect(socket.take()[0]).toEqual({ data: wire(1, pattern(1)), fd: -1 });
    expect(imsg.getFd()).toBe(fd);
  });
});
