import { describe, expect, it } from "vitest";
import { defaultInstance, Ibuf } from "../../../ts/entry/c.ts";
import {
  instantiateRaw,
  layout,
  type RawModule,
  rawModule,
  withUnderscores,
} from "../../../ts/entry/raw.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { codeOf, fresh, pattern, wire } from "./helpers.ts";

/** Bytes in the module's memory. */
function put(raw: RawModule, data: Uint8Array): number {
  const at = raw._malloc(data.length);
  raw.HEAPU8.set(data, at);
  return at;
}

describe("the raw layer", () => {
  it("runs a session as one would write it in C", () => {
    const raw = instantiateRaw();
    const c = raw.exports;
    const fd = c.kernel_socket();
    const imsgbuf = raw._malloc(layout.imsgbuf.sizeof);
    expect(c.imsgbuf_init(imsgbuf, fd)).toBe(0);
    expect(c.imsg_compose(imsgbuf, 7, 8, 9, -1, put(raw, pattern(5)), 5)).toBe(1);
    expect(c.imsgbuf_flush(imsgbuf)).toBe(0);
    const segment = c.kernel_written(fd);
    const [len, data] = [layout.segment.len, layout.segment.data].map(
      (at) => raw.HEAPU32[(segment + at) >> 2]!,
    );
    expect(raw.HEAPU8.slice(data!, data! + len!)).toEqual(
      wire(7, pattern(5), { peerid: 8, pid: 9 }),
    );
    // deliver the bytes back: the kernel owns the block
    c.kernel_deliver(fd, put(raw, wire(7, pattern(5))), 21, 0, 0);
    expect(c.imsgbuf_read(imsgbuf)).toBe(1);
    const imsg = raw._malloc(layout.imsg.sizeof);
    expect(c.imsg_get(imsgbuf, imsg)).toBe(21);
    expect(c.imsg_get_type(imsg)).toBe(7);
    c.imsg_free(imsg);
    c.imsgbuf_clear(imsgbuf);
  });

  it("reads errno by name, and sets it", () => {
    const raw = instantiateRaw();
    expect(raw.errno()).toBe(undefined);
    const ibuf = raw.exports.ibuf_open(1);
    expect(raw.exports.ibuf_skip(ibuf, 1)).toBe(-1);
    expect(raw.errno()).toBe("EBADMSG");
    raw.exports.ibuf_size(ibuf);
    expect(raw.errno()).toBe("EBADMSG"); // no call clears it
    raw.setErrno(undefined);
    expect(raw.errno()).toBe(undefined);
    raw.setErrno("EPIPE");
    expect(raw.errno()).toBe("EPIPE");
  });

  it("gives views that follow the memory when it grows", () => {
    const raw = instantiateRaw();
    const old = raw.HEAPU8;
    expect(raw.HEAPU8).toBe(old);
    raw.exports.free(raw._malloc(old.length * 2));
    expect(old.length).toBe(0);
    for (const view of [
      raw.HEAP8,
      raw.HEAPU8,
      raw.HEAP16,
      raw.HEAPU16,
      raw.HEAP32,
      raw.HEAPU32,
      raw.HEAP64,
      raw.HEAPU64,
    ]) {
      expect(view.buffer).toBe(raw.exports.memory.buffer);
    }
    expect(raw.HEAPU8.length).toBeGreaterThan(1 << 20);
  });

  it("frees what it allocates, and says when there is none", () => {
    const raw = instantiateRaw();
    const before = raw.exports.mem_live();
    const at = raw._malloc(1000);
    expect(raw.exports.mem_live()).toBeGreaterThan(before);
    raw._free(at);
    expect(raw.exports.mem_live()).toBe(before);
    raw.exports.mem_fail_at(1);
    expect(raw._malloc(1)).toBe(0);
    expect(raw.errno()).toBe("ENOMEM");
  });

  it("tells its hooks of closed descriptors and asks them about headers", () => {
    const closed: [number, number][] = [];
    const asked: number[][] = [];
    const raw: RawModule = instantiateRaw(bytes(), {
      host_close: (fd, value) => closed.push([fd, value]),
      host_header: (reader, at, length) => {
        asked.push([reader, ...raw.HEAPU8.slice(at, at + length)]);
        return 4;
      },
    });
    const c = raw.exports;
    const fd = c.kernel_socket();
    const msgbuf = c.msgbuf_reader(2, 5);
    c.kernel_deliver(fd, put(raw, pattern(4)), 4, 0, 0);
    expect(c.ibuf_read(fd, msgbuf)).toBe(1);
    expect(asked).toEqual([[5, 0, 1]]);
    expect(c.ibuf_size(c.msgbuf_get(msgbuf))).toBe(4);
    c.kernel_close(c.kernel_open(0xfffffff0));
    expect(closed).toEqual([[4, 0xfffffff0]]);
  });

  it.each<[string, () => number, string | undefined]>([
    [
      "throws",
      () => {
        throw new Error("no");
      },
      "no",
    ],
    ["returns less than the header", () => 1, "EINVAL"],
    ["returns no integer", () => 2.5, "EINVAL"],
    ["returns text", () => "4" as unknown as number, "EINVAL"],
    ["refuses", () => 0, undefined],
  ])("goes on, thousands of times, when a header hook %s", (_, hook, thrown) => {
    const raw = instantiateRaw(bytes(), { host_header: hook });
    const c = raw.exports;
    const fd = c.kernel_socket();
    for (let i = 0; i < 3000; i++) {
      const msgbuf = c.msgbuf_reader(2, 1);
      c.kernel_deliver(fd, put(raw, pattern(2)), 2, 0, 0);
      expect(c.ibuf_read(fd, msgbuf)).toBe(-1);
      c.msgbuf_free(msgbuf);
    }
    expect(raw.errno()).toBe("EINVAL");
    const last = raw.takeThrown();
    expect(String(last?.error ?? "undefined")).toContain(String(thrown));
    expect(raw.takeThrown()).toBe(undefined);
  });

  it("keeps what a close hook throws from C", () => {
    const error = new Error("no");
    const raw = instantiateRaw(bytes(), {
      host_close: () => {
        throw error;
      },
    });
    expect(raw.exports.kernel_close(raw.exports.kernel_open(1))).toBe(0);
    expect(raw.takeThrown()).toEqual({ error });
  });

  it("refuses every header without a hook", () => {
    const { exports: c, ...raw } = instantiateRaw();
    const fd = c.kernel_socket();
    c.kernel_deliver(fd, c.malloc(2), 2, 0, 0);
    expect(c.ibuf_read(fd, c.msgbuf_reader(2, 1))).toBe(-1);
    expect(raw.takeThrown()).toBe(undefined);
  });

  it("shows the module below the default instance, and below another", () => {
    const before = rawModule().exports.mem_live();
    const ibuf = Ibuf.open(100);
    expect(rawModule().exports.mem_live()).toBeGreaterThan(before);
    ibuf.free();
    expect(rawModule().exports).toBe(defaultInstance().engine.exports);
    expect(rawModule(fresh()).exports).not.toBe(rawModule().exports);
  });

  it("gives Emscripten's names, too", () => {
    const raw = instantiateRaw();
    const Module = withUnderscores(raw);
    const ibuf = Module._ibuf_open(10);
    expect(Module._ibuf_add_n32(ibuf, 5n)).toBe(0);
    expect(raw.exports.ibuf_size(ibuf)).toBe(4);
    expect(Object.keys(Module)).not.toContain("_memory");
  });

  it("refuses what is no module of this library", () => {
    const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
    expect(codeOf(() => instantiateRaw(empty))).toBe("EINVAL");
    for (const source of [null, 4, "x", {}, []]) {
      expect(codeOf(() => instantiateRaw(source as unknown as BufferSource))).toBe("EINVAL");
    }
    expect(codeOf(() => instantiateRaw(Uint8Array.of(1, 2, 3)))).toBe("ERR_IMSG_COMPILE");
  });

  it("traps where C aborts, instead of going on", () => {
    const raw = instantiateRaw();
    const view = raw._malloc(layout.ibuf.sizeof);
    raw.exports.ibuf_from_buffer(view, put(raw, pattern(3)), 3);
    expect(() => raw.exports.ibuf_free(view)).toThrow(WebAssembly.RuntimeError);
  });
});
