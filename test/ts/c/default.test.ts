import { afterEach, expect, it, vi } from "vitest";

afterEach(() => {
  vi.resetModules();
});

const header = new Uint8Array(new Uint32Array([7, 16, 8, 9]).buffer);

it("uses one default instance for codecs and C's classes, if C's API is imported first", async () => {
  const { defaultInstance, Ibuf } = await import("../../../ts/c/index.ts");
  const { ImsgCodec } = await import("../../../ts/channel/codec.ts");
  const codec = new ImsgCodec();
  const ibuf = Ibuf.open(16);
  expect(defaultInstance().stats().objects).toMatchObject({ batch: 1, ibuf: 1 });
  ibuf.dispose();
  codec.dispose();
  defaultInstance().assertNoLeaks();
});

it("uses one default instance for both, if C's API is imported before the first codec is made", async () => {
  const { ImsgCodec } = await import("../../../ts/channel/codec.ts");
  const { defaultInstance } = await import("../../../ts/c/index.ts");
  using _ = new ImsgCodec();
  expect(defaultInstance().stats().objects.batch).toBe(1);
});

it("gives C's classes an instance of their own, if a codec was made before C's API was imported", async () => {
  const { ImsgCodec } = await import("../../../ts/channel/codec.ts");
  using first = new ImsgCodec();
  const { defaultInstance, Ibuf } = await import("../../../ts/c/index.ts");
  using second = new ImsgCodec();
  using ibuf = Ibuf.open(16);
  expect(defaultInstance().stats().objects).toMatchObject({ batch: 0, ibuf: 1 });
  expect(defaultInstance().Ibuf.open(16)).toBeInstanceOf(Ibuf);
  using third = new ImsgCodec({ instance: defaultInstance() });
  expect(defaultInstance().stats().objects.batch).toBe(1);
  for (const codec of [first, second, third])
    expect(codec.push(header)).toMatchObject([{ type: 7 }]);
  ibuf.addN8(7);
});

it("makes codecs of the core alone, if nothing imports C's API", async () => {
  const { ImsgCodec } = await import("../../../ts/channel/codec.ts");
  const { defaultEngine } = await import("../../../ts/module/default.ts");
  using codec = new ImsgCodec();
  expect(codec.push(header)).toHaveLength(1);
  expect(defaultEngine().exports).not.toHaveProperty("ibuf_open");
});
