import { describe, expect, it } from "vitest";
import type { ImsgInstance } from "../../../ts/c/index.ts";
import { type Ibuf, Imsg } from "../../../ts/c/index.ts";
import { codeOf, errorOf, fresh, joined, pattern, wire } from "./helpers.ts";

/** An imsgbuf that has read messages, each with `pattern(8)` for a payload. */
function reading(instance: ImsgInstance, count = 1) {
  const socket = new instance.Socket();
  const imsgbuf = instance.Imsgbuf.init(socket);
  for (let i = 0; i < count; i++) socket.deliver(wire(i + 1, pattern(8)));
  for (let i = 0; i < count; i++) imsgbuf.read();
  return { socket, imsgbuf };
}

const makers: [
  string,
  (instance: ImsgInstance) => { dispose(): void; readonly disposed: boolean },
][] = [
  ["an Ibuf", (i) => i.Ibuf.open(8)],
  ["a view of a buffer", (i) => i.Ibuf.fromBuffer(pattern(8))],
  ["a view of an ibuf", (i) => i.Ibuf.fromIbuf(i.Ibuf.open(8))],
  ["a Msgbuf", (i) => i.Msgbuf.new()],
  ["a Msgbuf that reads", (i) => i.Msgbuf.reader(4, () => 4)],
  ["an Imsgbuf", (i) => i.Imsgbuf.init(new i.Socket())],
  ["an Imsg", (i) => reading(i).imsgbuf.get()!],
  ["a Socket", (i) => new i.Socket()],
];

describe.each(makers)("%s", (_, make) => {
  it("is disposed once, however often it is asked to", () => {
    const instance = fresh();
    const object = make(instance);
    object.dispose();
    const after = instance.stats();
    object.dispose();
    object.dispose();
    expect(object.disposed).toBe(true);
    expect(instance.stats()).toEqual(after);
  });

  it("is ended by Symbol.dispose, where there is one", () => {
    const object = make(fresh());
    const symbol = (Symbol as { dispose?: symbol }).dispose;
    if (symbol === undefined) return expect("dispose" in Symbol).toBe(false);
    (object as unknown as Record<symbol, () => void>)[symbol]!();
    expect(object.disposed).toBe(true);
  });
});

/** The methods that throw for an ibuf that has ended; `free` and its relatives, too. */
const uses: [string, (ibuf: Ibuf, instance: ImsgInstance) => unknown][] = [
  ["add", (b) => b.add(pattern(1))],
  ["addIbuf", (b, i) => b.addIbuf(i.Ibuf.open(1))],
  ["addIbuf, as what is added", (b, i) => i.Ibuf.open(9).addIbuf(b)],
  ["addZero", (b) => b.addZero(1)],
  ["addN8", (b) => b.addN8(1)],
  ["addH64", (b) => b.addH64(1n)],
  ["reserve", (b) => b.reserve(1)],
  ["seek", (b) => b.seek(0, 0)],
  ["set", (b) => b.set(0, pattern(1))],
  ["setN16", (b) => b.setN16(0, 1)],
  ["data", (b) => b.data()],
  ["size", (b) => b.size],
  ["left", (b) => b.left],
  ["truncate", (b) => b.truncate(0)],
  ["rewind", (b) => b.rewind()],
  ["close", (b, i) => b.close(i.Msgbuf.new())],
  ["get", (b) => b.get(0)],
  ["getIbuf", (b) => b.getIbuf(0)],
  ["getN32", (b) => b.getN32()],
  ["getH64", (b) => b.getH64()],
  ["getString", (b) => b.getString(0)],
  ["skip", (b) => b.skip(0)],
  ["free", (b) => b.free()],
  ["fdAvail", (b) => b.fdAvail],
  ["fdGet", (b) => b.fdGet()],
  ["fdSet", (b) => b.fdSet(-1)],
  ["fromIbuf", (b, i) => i.Ibuf.fromIbuf(b)],
  ["Imsg.add", (b) => Imsg.add(b, pattern(1))],
  ["imsgbuf.close", (b, i) => i.Imsgbuf.init(new i.Socket()).close(b)],
  ["imsgbuf.composeIbuf", (b, i) => i.Imsgbuf.init(new i.Socket()).composeIbuf({ type: 1 }, b)],
];

describe.each(uses)("%s", (_, use) => {
  it("is ERR_IMSG_DISPOSED on an ibuf that was freed", () => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(4, 8);
    ibuf.free();
    expect(codeOf(() => use(ibuf, instance))).toBe("ERR_IMSG_DISPOSED");
  });

  it("is ERR_IMSG_MOVED on an ibuf that was queued", () => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(4, 8);
    ibuf.close(instance.Msgbuf.new());
    expect(codeOf(() => use(ibuf, instance))).toBe("ERR_IMSG_MOVED");
  });

  it("is ERR_IMSG_STALE on a view of an ibuf that has grown", () => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(4, 100);
    ibuf.add(pattern(4));
    const view = instance.Ibuf.fromIbuf(ibuf);
    ibuf.addZero(50);
    expect(codeOf(() => use(view, instance))).toBe("ERR_IMSG_STALE");
  });
});

describe("a view", () => {
  const view = (instance: ImsgInstance): Ibuf => instance.Ibuf.fromBuffer(pattern(8));
  it.each<[string, (b: Ibuf, i: ImsgInstance) => unknown]>([
    ["be freed with free", (b) => b.free()],
    ["be given a descriptor", (b) => b.fdSet(3)],
    ["be told to have no descriptor", (b) => b.fdSet(-1)],
    ["be queued on a msgbuf", (b, i) => b.close(i.Msgbuf.new())],
    ["be queued on an imsgbuf", (b, i) => i.Imsgbuf.init(new i.Socket()).close(b)],
    ["be composed", (b, i) => i.Imsgbuf.init(new i.Socket()).composeIbuf({ type: 1 }, b)],
    [
      "be composed when too large",
      (_b, i) =>
        i.Imsgbuf.init(new i.Socket()).composeIbuf({ type: 1 }, i.Ibuf.fromBuffer(pattern(20000))),
    ],
    ["be added to as a message", (b) => Imsg.add(b, pattern(1))],
    ["grow by bytes", (b) => b.add(pattern(1))],
    ["grow by zeros", (b) => b.addZero(1)],
    ["grow by reserving", (b) => b.reserve(1)],
  ])("cannot %s: EINVAL, and it is as it was", (_, use) => {
    const instance = fresh();
    const b = view(instance);
    expect(errorOf(() => use(b, instance))).toMatchObject({ code: "EINVAL" });
    expect(b.data()).toEqual(pattern(8));
    b.dispose();
  });

  it("cannot be made longer: ERANGE", () => {
    expect(codeOf(() => view(fresh()).truncate(9))).toBe("ERANGE");
  });

  it.each<[string, (b: Ibuf, i: ImsgInstance) => unknown]>([
    ["grown", (b) => b.addZero(50)],
    ["moved", (b, i) => b.close(i.Msgbuf.new())],
    ["been composed", (b, i) => i.Imsgbuf.init(new i.Socket()).composeIbuf({ type: 1 }, b)],
    ["been freed", (b) => b.free()],
    ["been disposed", (b) => b.dispose()],
    ["been freed by a failing Imsg.add", (b) => codeOf(() => Imsg.add(b, pattern(200)))],
  ])("of a view is stale, too, when the ibuf behind both has %s", (_, end) => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(8, 100);
    ibuf.add(pattern(8));
    const first = instance.Ibuf.fromIbuf(ibuf);
    const second = first.getIbuf(4);
    const third = instance.Ibuf.fromIbuf(second);
    first.dispose(); // a view between them owns no memory
    expect(third.data()).toEqual(pattern(4));
    end(ibuf, instance);
    for (const v of [second, third]) expect(codeOf(() => v.data())).toBe("ERR_IMSG_STALE");
    second.dispose();
    third.dispose();
  });

  it("stays good while its ibuf is read, rewound, cut or written to without growing", () => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(8, 100);
    ibuf.add(pattern(4));
    const v = instance.Ibuf.fromIbuf(ibuf);
    ibuf.skip(2);
    ibuf.rewind();
    ibuf.addZero(4);
    ibuf.truncate(2);
    ibuf.setN8(0, 77);
    expect([...v.data()]).toEqual([77, 1, 2, 3]);
  });

  it("of a message is stale once that is freed", () => {
    const instance = fresh();
    const imsg = reading(instance).imsgbuf.get()!;
    const v = imsg.getIbuf();
    expect(v.data()).toEqual(pattern(8));
    imsg.free();
    expect(codeOf(() => v.size)).toBe("ERR_IMSG_STALE");
    v.dispose();
    expect(v.disposed).toBe(true);
  });
});

describe("an ibuf", () => {
  it.each([
    ["itself", (_: ImsgInstance, b: Ibuf) => b.addIbuf(b)],
    ["a view of itself", (i: ImsgInstance, b: Ibuf) => b.addIbuf(i.Ibuf.fromIbuf(b))],
    [
      "a view of a view of itself",
      (i: ImsgInstance, b: Ibuf) => b.addIbuf(i.Ibuf.fromIbuf(i.Ibuf.fromIbuf(b))),
    ],
  ])("that grows by adding %s gets what was there before", (_, add) => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(0, 10000);
    ibuf.add(pattern(3000));
    add(instance, ibuf);
    expect(ibuf.data()).toEqual(new Uint8Array([...pattern(3000), ...pattern(3000)]));
  });

  it("that adds memory lent by another, or by itself, gets those bytes though memory moves", () => {
    const instance = fresh();
    const { call, exports } = instance.engine;
    const { malloc } = call;
    call.malloc = (size) => {
      exports.memory.grow(0); // detaches all views, as any growth does
      return malloc(size);
    };
    const ibuf = instance.Ibuf.dynamic(0, 10_000);
    ibuf.add(pattern(3000));
    const other = instance.Ibuf.dynamic(0, 10_000);
    other.add(ibuf.seek(0, 3000));
    expect(other.data()).toEqual(pattern(3000));
    ibuf.add(ibuf.seek(0, 3000));
    expect(ibuf.data().subarray(3000)).toEqual(pattern(3000));
    ibuf.set(0, ibuf.seek(100, 2000));
    expect(ibuf.data().subarray(0, 2000)).toEqual(pattern(3000).subarray(100, 2100));
    for (const length of [5, 2000]) {
      const lent = () => other.seek(0, length);
      expect(instance.Ibuf.fromBuffer(lent()).data()).toEqual(pattern(length));
      const socket = new instance.Socket();
      const imsgbuf = instance.Imsgbuf.init(socket);
      imsgbuf.compose({ type: 1, pid: 1, data: lent() });
      imsgbuf.composev({ type: 1, pid: 1, data: [lent(), pattern(2000)] });
      imsgbuf.flush();
      const sent = [wire(1, pattern(length)), wire(1, joined(pattern(length), pattern(2000)))];
      expect(socket.take()[0]!.data).toEqual(joined(...sent));
      socket.deliver(other.seek(0, length));
      expect(Imsg.add(imsgbuf.create({ type: 1 }, length), lent())).toBe(length);
    }
  });

  it("gives data that is a copy", () => {
    const ibuf = fresh().Ibuf.dynamic(4, 4);
    ibuf.add(pattern(4));
    const data = ibuf.data();
    data.fill(9);
    expect(ibuf.data()).toEqual(pattern(4));
    expect(data.buffer.byteLength).toBe(4);
  });
});

describe("an Imsgbuf", () => {
  it.each<[string, (b: ReturnType<typeof reading>["imsgbuf"], i: ImsgInstance) => unknown]>([
    ["read", (b) => b.read()],
    ["write", (b) => b.write()],
    ["flush", (b) => b.flush()],
    ["get", (b) => b.get()],
    ["queuelen", (b) => b.queuelen],
    ["maxsize", (b) => b.maxsize],
    ["pid", (b) => b.pid],
    ["allowFdpass", (b) => b.allowFdpass()],
    ["setMaxsize", (b) => b.setMaxsize(100)],
    ["compose", (b) => b.compose({ type: 1 })],
    ["composev", (b) => b.composev({ type: 1 })],
    ["composeIbuf", (b, i) => b.composeIbuf({ type: 1 }, i.Ibuf.open(1))],
    ["create", (b) => b.create({ type: 1 }, 0)],
    ["close", (b, i) => b.close(i.Ibuf.open(16))],
    ["forward", (b, i) => b.forward(reading(i).imsgbuf.get()!)],
    ["clear", (b) => b.clear()],
  ])("has ended after clear: %s is ERR_IMSG_DISPOSED", (_, use) => {
    const instance = fresh();
    const { imsgbuf } = reading(instance);
    imsgbuf.clear();
    expect(codeOf(() => use(imsgbuf, instance))).toBe("ERR_IMSG_DISPOSED");
  });

  it("that is cleared leaves the messages that were got from it", () => {
    const instance = fresh();
    const { imsgbuf } = reading(instance, 2);
    const imsg = imsgbuf.get()!;
    imsgbuf.clear();
    expect(imsg.data).toEqual(pattern(8));
    imsg.free();
  });
});

describe("what user code does while the library is at work", () => {
  it("a disposer that calls the library does not change the error that is reported", () => {
    const instance = fresh();
    const socket = new instance.Socket();
    const imsgbuf = instance.Imsgbuf.init(socket);
    imsgbuf.allowFdpass();
    let inside = "";
    const fd = instance.descriptors.open({}, () => {
      inside = codeOf(() => instance.Ibuf.open(1).getN16());
    });
    socket.deliver(wire(1, undefined, { len: 3 }), [fd]);
    expect(codeOf(() => imsgbuf.read())).toBe("ERANGE");
    expect(inside).toBe("EBADMSG");
    expect(codeOf(() => imsgbuf.read())).toBe("ERANGE");
  });

  it("a disposer that calls the library does not change the error of a write, either", () => {
    const instance = fresh();
    const socket = new instance.Socket();
    const imsgbuf = instance.Imsgbuf.init(socket);
    let inside = "";
    const fd = instance.descriptors.open({}, () => {
      inside = codeOf(() => instance.Ibuf.open(1).getN16());
    });
    imsgbuf.compose({ type: 1, fd }); // without allowFdpass it is closed, not sent
    imsgbuf.compose({ type: 2 });
    socket.limitNextWrite(20);
    socket.failNextWrite("EPIPE");
    expect(codeOf(() => imsgbuf.flush())).toBe("EPIPE");
    expect(inside).toBe("EBADMSG");
  });

  it("a disposer finds an ibuf that C has freed disposed", () => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(0, 2);
    let inside = "";
    ibuf.fdSet(
      instance.descriptors.open({}, () => {
        inside = codeOf(() => ibuf.size);
      }),
    );
    expect(codeOf(() => Imsg.add(ibuf, pattern(3)))).toBe("ERANGE");
    expect(inside).toBe("ERR_IMSG_DISPOSED");
  });

  it("a getter of a message that ends the imsgbuf ends the call", () => {
    const instance = fresh();
    const { imsgbuf } = reading(instance);
    const init = {
      get type() {
        imsgbuf.clear();
        return 1;
      },
    };
    expect(codeOf(() => imsgbuf.compose(init))).toBe("ERR_IMSG_DISPOSED");
  });

  it("a header callback can free nothing, and what it tried to free lives", () => {
    const instance = fresh();
    const socket = new instance.Socket();
    const ibuf = instance.Ibuf.open(4);
    const seen: string[] = [];
    const msgbuf = instance.Msgbuf.reader(4, () => {
      for (const run of [() => ibuf.free(), () => msgbuf.free(), () => socket.close()])
        seen.push(codeOf(run));
      return 4;
    });
    socket.deliver(pattern(4));
    expect(msgbuf.read(socket)).toBe(1);
    expect(seen).toEqual(["ERR_IMSG_REENTRANT", "ERR_IMSG_REENTRANT", "ERR_IMSG_REENTRANT"]);
    expect(msgbuf.get()!.data()).toEqual(pattern(4));
    expect(ibuf.disposed).toBe(false);
    ibuf.free();
  });
});
