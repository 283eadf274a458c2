import type { Run, Slots } from "./executor-slots.ts";

function deliver(s: Slots, slot: number, bytes: Uint8Array, fds: () => number[]): void {
  const socket = s.have(s.sockets, slot);
  if (socket === undefined) return;
  if (bytes.length === 0) {
    s.skip("empty");
    return;
  }
  const numbers = fds().filter((fd) => fd >= 0);
  for (const fd of numbers) s.line += ` ${s.values.show(fd)}`;
  socket.deliver(bytes, numbers);
  s.ok();
}

/** Descriptors as the program's own: opened, taken, closed, delivered. */
export const valueOperations = {
  fdopen(s) {
    const slot = s.number();
    s.hold(slot, s.values.open());
  },
  fdagain(s) {
    const slot = s.number();
    const value = s.values.get();
    if (value === undefined) s.skip("none");
    else s.hold(slot, s.values.open(value));
  },
  fdvalue(s) {
    const value = s.instance.descriptors.get(s.anyNumber(true));
    s.line += ` = #${s.id(value)}`;
  },
  fdtake(s) {
    const value = s.instance.descriptors.take(s.anyNumber(false));
    s.values.put(value);
    s.line += ` = #${s.id(value)}`;
  },
  closefd(s) {
    const fd = s.descriptor();
    if (fd === -1) {
      s.skip("none");
      return;
    }
    s.instance.descriptors.close(fd);
    s.ok();
  },
  deliver(s) {
    const slot = s.number();
    const count = s.number();
    deliver(s, slot, s.bytes(), () => Array.from({ length: count }, () => s.values.open()));
  },
  give(s) {
    const slot = s.number();
    deliver(s, slot, s.bytes(), () => [s.descriptor(), s.descriptor()]);
  },
  pass(s) {
    const slot = s.number();
    const bytes = s.bytes();
    const count = s.number();
    deliver(s, slot, bytes, () => {
      const fds: number[] = [];
      while (fds.length < count) {
        const value = s.values.get();
        if (value === undefined) break;
        fds.push(s.values.open(value));
      }
      return fds;
    });
  },
} satisfies Record<string, Run>;
