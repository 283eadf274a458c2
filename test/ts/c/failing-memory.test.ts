import { describe, expect, it } from "vitest";
import { Imsg, ImsgError, type ImsgInstance } from "../../../ts/c/index.ts";
import { builds, codeOf, fresh } from "./helpers.ts";
import { type Scenario, Scope, scenarios } from "./scenarios.ts";

/**
 * The errors that a caller may get. A socket without memory returns ENOBUFS to C,
 * which tries again later; a flush that moves no byte throws EAGAIN.
 */
const allowed = ["ENOMEM", "EAGAIN", undefined];

/** Runs a scenario. Returns the code of its ImsgError, or undefined; throws any other error. */
async function outcome(instance: ImsgInstance, scenario: Scenario): Promise<string | undefined> {
  const scope = new Scope(instance);
  try {
    await scenario(scope);
    return undefined;
  } catch (error) {
    if (error instanceof ImsgError) return error.code;
    throw error;
  } finally {
    scope.end();
  }
}

/** Whether the failure has not happened yet: then one of the next n allocations fails. */
function armed(instance: ImsgInstance, n: number): boolean {
  const { call } = instance.engine;
  const blocks = Array.from({ length: n }, () => call.malloc(1));
  for (const block of blocks) call.free(block);
  return blocks.includes(0);
}

/** The counts that must be as before when every object has been disposed. */
function held(instance: ImsgInstance): object {
  const { liveBytes, objects, descriptors } = instance.stats();
  return { liveBytes, objects, descriptors };
}

/** Allocates all memory, in blocks of every size. */
function exhaust(instance: ImsgInstance): number[] {
  const { call } = instance.engine;
  const blocks: number[] = [];
  instance.limitMemory(instance.stats().memoryBytes);
  for (let size = 1 << 20; size >= 16; size = Math.floor(size * 0.84)) {
    for (let at = call.malloc(size); at !== 0; at = call.malloc(size)) blocks.push(at);
  }
  return blocks;
}

describe.each(builds)("in the %s module", (_, module) => {
  describe.each(Object.entries(scenarios))("%s", (_name, scenario) => {
    it("survives every single allocation that fails: ENOMEM, and nothing leaks", async () => {
      const instance = fresh(module);
      const others = fresh(module);
      const base = held(instance);
      let failed = 0;
      for (let n = 1; ; n++) {
        instance.failAllocation(n);
        const code = await outcome(instance, scenario);
        expect(allowed, `allocation ${n}`).toContain(code);
        if (code === undefined && armed(instance, n)) break;
        if (code !== undefined) failed++;
        expect({ n, ...held(instance) }).toEqual({ n, ...base });
        // objects that are left would also fail the next run
        if (n % 8 === 1) expect(await outcome(instance, scenario)).toBe(undefined);
      }
      expect(failed).toBeGreaterThan(0);
      expect(held(instance)).toEqual(base);
      expect(await outcome(others, scenario)).toBe(undefined);
    });

    it("survives memory that may not grow, however little of it is left", async () => {
      const instance = fresh(module);
      const blocks = exhaust(instance);
      const base = held(instance);
      const codes: (string | undefined)[] = [];
      const { call } = instance.engine;
      for (let freed = 1; codes.at(-1) !== undefined || codes.length === 0; freed *= 2) {
        const code = await outcome(instance, scenario);
        expect(allowed).toContain(code);
        codes.push(code);
        if (freed === 1) expect(held(instance)).toEqual(base);
        for (const block of blocks.splice(-freed)) call.free(block);
        if (blocks.length === 0) break;
      }
      for (const block of blocks) call.free(block);
      instance.limitMemory(0);
      expect(codes[0]).toBe("ENOMEM");
      expect(await outcome(instance, scenario)).toBe(undefined);
      instance.assertNoLeaks();
    });
  });

  it("more memory than the engine has is ENOMEM, and the instance stays usable", () => {
    const instance = fresh(module);
    for (const len of [0x7fffffff, 0x80000000, 0x80000001, 0xffffffff]) {
      expect(codeOf(() => instance.Ibuf.open(len))).toBe("ENOMEM");
      expect(codeOf(() => instance.Ibuf.dynamic(len, 0xffffffff))).toBe("ENOMEM");
      const ibuf = instance.Ibuf.dynamic(0, 0xffffffff);
      expect(codeOf(() => ibuf.reserve(len))).toMatch(/^(ENOMEM|ERANGE)$/);
      ibuf.addN8(1);
      ibuf.free();
    }
    instance.assertNoLeaks();
  });
});

it("a message that there is no memory to add to has ended, as in C", () => {
  const instance = fresh();
  const socket = new instance.Socket();
  const imsgbuf = instance.Imsgbuf.init(socket);
  imsgbuf.setMaxsize(131072);
  // for the copy that C gets, if it is too large for the window, and for growing
  for (const n of [1, 2]) {
    const msg = imsgbuf.create({ type: 1 }, 0);
    instance.failAllocation(n);
    expect(codeOf(() => Imsg.add(msg, new Uint8Array(70_000)))).toBe("ENOMEM");
    expect(msg.disposed).toBe(true);
  }
  imsgbuf.dispose();
  socket.dispose();
  instance.assertNoLeaks();
});

describe("an imsgbuf", () => {
  it("whose parser was refused memory once, repeats that and delivers nothing twice", () => {
    const instance = fresh();
    const socket = new instance.Socket();
    const imsgbuf = instance.Imsgbuf.init(socket);
    const message = new Uint8Array(16);
    message[4] = 16;
    socket.deliver(new Uint8Array([...message, ...message]));
    instance.failAllocation(3);
    expect(codeOf(() => imsgbuf.read())).toBe("ENOMEM");
    socket.deliver(message);
    expect(codeOf(() => imsgbuf.read())).toBe("ENOMEM");
    expect(imsgbuf.get()!.getType()).toBe(0);
    expect(imsgbuf.get()).toBe(undefined);
  });

  it("whose socket has no memory to write keeps its queue, and writes it later", () => {
    const instance = fresh();
    const socket = new instance.Socket();
    const imsgbuf = instance.Imsgbuf.init(socket);
    imsgbuf.compose({ type: 1 });
    instance.failAllocation(1);
    expect(imsgbuf.write()).toBe(0);
    expect(imsgbuf.queuelen).toBe(1);
    instance.failAllocation(1);
    expect(codeOf(() => imsgbuf.flush())).toBe("EAGAIN");
    expect(imsgbuf.queuelen).toBe(1);
    expect(imsgbuf.flush()).toBe(0);
    expect(socket.take()).toHaveLength(1);
  });

  it("leaves a descriptor to the caller when there is no memory to compose", () => {
    const instance = fresh();
    const imsgbuf = instance.Imsgbuf.init(new instance.Socket());
    const value = {};
    const fd = instance.descriptors.open(value);
    for (const n of [1, 2]) {
      instance.failAllocation(n);
      expect(codeOf(() => imsgbuf.compose({ type: 1, fd, data: new Uint8Array(9) }))).toBe(
        "ENOMEM",
      );
    }
    expect(instance.descriptors.take(fd)).toBe(value);
  });
});
