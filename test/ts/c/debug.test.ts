import { afterEach, describe, expect, it, vi } from "vitest";
import * as debug from "../../../ts/entry/debug.ts";
import * as index from "./everything.ts";
import { codeOf, errorOf, fresh, freshDebug, pattern } from "./helpers.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function makeHere(): index.Ibuf {
  return debug.Ibuf.dynamic(4, 100);
}

function endHere(ibuf: index.Ibuf): void {
  ibuf.dispose();
}

function moveHere(ibuf: index.Ibuf): void {
  ibuf.close(debug.Msgbuf.new());
}

describe("imsg-wasm/debug", () => {
  it("exports what imsg-wasm exports", () => {
    expect(Object.keys(debug)).toEqual(expect.arrayContaining(Object.keys(index)));
  });

  it("makes the default instance, also that of imsg-wasm, one that watches", () => {
    expect(index.defaultInstance().engine.origins).toBeDefined();
    expect(debug.defaultInstance()).toBe(index.defaultInstance());
    expect(new index.ImsgCodec().encode({ type: 1, pid: 1 })).toHaveLength(16);
  });

  it("says where a disposed object was made and where it was disposed", () => {
    const ibuf = makeHere();
    endHere(ibuf);
    const error = errorOf(() => ibuf.size);
    expect(error.code).toBe("ERR_IMSG_DISPOSED");
    expect(error.message).toMatch(/created\n[\s\S]*makeHere[\s\S]*disposed\n[\s\S]*endHere/);
  });

  it("says where a moved object was made and where it was moved", () => {
    const ibuf = makeHere();
    moveHere(ibuf);
    const error = errorOf(() => ibuf.add(pattern(1)));
    expect(error.code).toBe("ERR_IMSG_MOVED");
    expect(error.message).toMatch(/created\n[\s\S]*makeHere[\s\S]*moved\n[\s\S]*moveHere/);
  });

  it("says nothing of the kind otherwise", () => {
    const ibuf = fresh().Ibuf.open(1);
    endHere(ibuf);
    expect(errorOf(() => ibuf.size).message).not.toContain("created");
  });

  it("names what leaks, and where it was made", () => {
    const instance = debug.createDebugInstance();
    instance.assertNoLeaks();
    const make = function leakyFunction() {
      return [instance.Ibuf.open(4), instance.Ibuf.open(4), new instance.Socket()] as const;
    };
    const leaks = make();
    const fd = instance.descriptors.open({});
    const { code, message } = errorOf(() => instance.assertNoLeaks());
    expect(code).toBe("ERR_IMSG_LEAK");
    expect(message).toContain("2 ibuf, 1 socket, 1 behind descriptors");
    expect(message.match(/leakyFunction/g)).toHaveLength(3);
    for (const leak of leaks) leak.dispose();
    expect(codeOf(() => instance.assertNoLeaks())).toBe("ERR_IMSG_LEAK");
    instance.descriptors.close(fd);
    instance.assertNoLeaks();
  });

  it("notices bytes that no object stands for", () => {
    const instance = debug.createDebugInstance();
    const at = instance.engine.call.malloc(100);
    expect(errorOf(() => instance.assertNoLeaks()).message).toContain("bytes");
    instance.engine.call.free(at);
    instance.assertNoLeaks();
  });

  it("has an allocator that traps when memory is freed twice, and that stays so", () => {
    const instance = debug.createDebugInstance();
    const { call } = instance.engine;
    const at = call.malloc(100);
    call.free(at);
    expect(codeOf(() => call.free(at))).toBe("ERR_IMSG_TRAPPED");
    expect(codeOf(() => instance.Ibuf.open(1))).toBe("ERR_IMSG_TRAPPED");
    expect(codeOf(() => debug.createDebugInstance().Ibuf.open(1))).toBe("no error");
  });

  it("has an allocator that traps when memory is written after it was freed", () => {
    const { engine } = debug.createDebugInstance();
    const at = engine.call.malloc(100);
    engine.call.free(at);
    engine.memory.u8[at + 50] = 1;
    expect(codeOf(() => engine.call.malloc(100))).toBe("ERR_IMSG_TRAPPED");
  });

  it("warns when it comes too late, and leaves the default instance as it is", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.resetModules();
    const early = await import("./everything.ts");
    const ibuf = early.Ibuf.open(1);
    await import("../../../ts/entry/debug.ts");
    expect(warn).toHaveBeenCalledTimes(1);
    expect(early.defaultInstance().engine).toBe(ibuf.engine);
    expect(ibuf.engine.origins).toBeUndefined();
  });
});

describe("memory that reserve and seek lend", () => {
  const lent: [string, (ibuf: index.Ibuf) => Uint8Array][] = [
    ["reserve", (ibuf) => ibuf.reserve(4)],
    ["seek", (ibuf) => ibuf.seek(0, 4)],
  ];
  const uses: [string, (memory: Uint8Array) => unknown][] = [
    ["reading", (m) => m[0]],
    [
      "writing",
      (m) => {
        m[0] = 1;
      },
    ],
    ["length", (m) => m.length],
    ["fill", (m) => m.fill(1)],
    ["set", (m) => m.set([1])],
    ["slice", (m) => m.slice()],
    ["iterating", (m) => [...m]],
    ["keys", (m) => Object.keys(m)],
    ["in", (m) => 0 in m],
    ["giving it to the library", (m) => freshDebug().Ibuf.fromBuffer(m)],
    ["a part taken before", (m) => m],
  ];

  it.each(lent)(
    "is good, written to and given to the library, until the next call: %s",
    (_, lend) => {
      const ibuf = freshDebug().Ibuf.dynamic(0, 100);
      ibuf.add(pattern(4));
      const memory = lend(ibuf);
      memory.set([1, 2]);
      memory.subarray(2).fill(9);
      expect([...memory]).toEqual([1, 2, 9, 9]);
      ibuf.add(memory);
      expect([...ibuf.data().slice(-4)]).toEqual([1, 2, 9, 9]);
    },
  );

  it.each(lent.flatMap(([by, lend]) => uses.map(([how, use]) => [how, by, use, lend] as const)))(
    "is ERR_IMSG_STALE afterwards: %s, of %s",
    (how, _by, use, lend) => {
      const ibuf = freshDebug().Ibuf.dynamic(0, 100);
      ibuf.add(pattern(4));
      const all = lend(ibuf);
      const memory = how.startsWith("a part") ? all.subarray(1) : all;
      void ibuf.left;
      if (how.startsWith("a part")) expect(codeOf(() => memory[0])).toBe("ERR_IMSG_STALE");
      else expect(codeOf(() => use(memory))).toBe("ERR_IMSG_STALE");
    },
  );

  it.each(lent)("is a plain Uint8Array of the module's memory otherwise: %s", (_, lend) => {
    const instance = fresh();
    const ibuf = instance.Ibuf.dynamic(0, 100);
    ibuf.add(pattern(4));
    expect(lend(ibuf).buffer).toBe(instance.engine.exports.memory.buffer);
  });
});
