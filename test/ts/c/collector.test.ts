import { describe, expect, it } from "vitest";
import type { Ibuf, ImsgInstance } from "../../../ts/c/index.ts";
import { gc } from "../../helpers/memory.ts";
import { fresh, pattern, wire } from "./helpers.ts";

/** Collects garbage until a condition holds, or until a limit is reached. */
async function collect(until: () => boolean): Promise<void> {
  for (let i = 0; i < 50 && !until(); i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const alive = (instance: ImsgInstance): number =>
  Object.values(instance.stats().objects).reduce((sum, count) => sum + count, 0);

describe("the garbage collector", () => {
  it.each<[string, (instance: ImsgInstance) => void]>([
    ["ibufs", (i) => void i.Ibuf.open(100)],
    ["views", (i) => void i.Ibuf.fromIbuf(i.Ibuf.fromBuffer(pattern(10)))],
    ["msgbufs", (i) => void i.Ibuf.open(3).close(i.Msgbuf.new())],
    ["readers", (i) => void i.Msgbuf.reader(4, () => 4)],
    ["imsgbufs and sockets", (i) => void i.Imsgbuf.init(new i.Socket()).compose({ type: 1 })],
    [
      "messages",
      (i) => {
        const socket = new i.Socket();
        socket.deliver(wire(1, pattern(9)));
        const imsgbuf = i.Imsgbuf.init(socket);
        imsgbuf.read();
        void imsgbuf.get();
      },
    ],
  ])("frees forgotten %s", async (_, forget) => {
    const instance = fresh();
    const before = instance.stats().liveBytes;
    for (let i = 0; i < 20; i++) forget(instance);
    expect(alive(instance)).toBeGreaterThan(0);
    await collect(() => alive(instance) === 0);
    expect(alive(instance)).toBe(0);
    expect(instance.stats().liveBytes).toBe(before);
  });

  it("leaves an ibuf alone as long as a view of it is used", async () => {
    const instance = fresh();
    const views: Ibuf[] = [];
    (() => {
      const ibuf = instance.Ibuf.open(64);
      ibuf.add(pattern(64));
      views.push(instance.Ibuf.fromIbuf(instance.Ibuf.fromIbuf(ibuf)));
      const socket = new instance.Socket();
      socket.deliver(wire(1, pattern(64)));
      const imsgbuf = instance.Imsgbuf.init(socket);
      imsgbuf.read();
      views.push(imsgbuf.get()!.getIbuf());
    })();
    await collect(() => false);
    for (const view of views) expect(view.data()).toEqual(pattern(64));
  });

  it("closes no value behind a descriptor", async () => {
    const instance = fresh();
    let closed = 0;
    const close = (): void => {
      closed++;
    };
    (() => {
      const ibuf = instance.Ibuf.open(1);
      ibuf.fdSet(instance.descriptors.open({ close }));
      const socket = new instance.Socket();
      const imsgbuf = instance.Imsgbuf.init(socket);
      imsgbuf.compose({ type: 1, fd: instance.descriptors.open({ close }) });
      socket.deliver(pattern(1), [instance.descriptors.open({ close })]);
    })();
    await collect(() => alive(instance) === 0);
    expect(alive(instance)).toBe(0);
    instance.Ibuf.open(1).free(); // no closing was deferred, either
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(closed).toBe(0);
  });
});
