import { ImsgError } from "../../../ts/c/index.ts";
import type { Run, Slots } from "./executor-slots.ts";
import { showBytes } from "./transcript.ts";
import { named, type Value } from "./value-log.ts";

type ErrorName = Parameters<NonNullable<Slots["sockets"][number]>["failNextWrite"]>[0];

/** The program's operations on the kernel. */
export const kernelOperations = {
  socket(s) {
    const slot = s.number();
    // not queued again in its place: its number may belong to another object by now
    if (s.sockets[slot] !== undefined) {
      s.skip("there");
      return;
    }
    const socket = new s.instance.Socket();
    s.sockets[slot] = socket;
    s.values.highest(socket.fd);
    s.result(socket.fd);
  },
  closesock(s) {
    const socket = s.socket();
    if (socket === undefined) return;
    socket.close();
    s.ok();
  },
  end(s) {
    const socket = s.socket();
    if (socket === undefined) return;
    socket.deliverEnd();
    s.ok();
  },
  fail(s) {
    const socket = s.socket();
    if (socket === undefined) return;
    socket.deliverError(s.text() as ErrorName);
    s.ok();
  },
  accept(s) {
    const socket = s.socket();
    if (socket === undefined) return;
    socket.limitNextWrite(s.size());
    s.ok();
  },
  refuse(s) {
    const socket = s.socket();
    if (socket === undefined) return;
    socket.failNextWrite(s.text() as ErrorName);
    s.ok();
  },
  room(s) {
    const socket = s.socket();
    if (socket === undefined) return;
    socket.room = s.size();
    s.ok();
  },
  take(s) {
    const socket = s.socket();
    if (socket === undefined) return;
    const segments = socket.take();
    s.values.emptied(socket);
    const all = new Uint8Array(segments.reduce((sum, { data }) => sum + data.length, 0));
    let at = 0;
    let fds = "";
    for (const { data, fd, value } of segments) {
      if (fd !== -1) fds += ` ${at}:${named(fd, value === undefined ? 0 : s.id(value))}`;
      s.values.put(value);
      all.set(data, at);
      at += data.length;
    }
    s.line += ` = ${showBytes(all)}${fds}`;
  },
  transfer(s) {
    const from = s.socket();
    if (from === undefined) return;
    const to = s.socket();
    if (to === undefined) return;
    const cut = s.size();
    if (from.disposed || to.disposed) {
      throw new ImsgError("ERR_IMSG_DISPOSED");
    }
    const segments = from.take();
    s.values.emptied(from);
    for (const { data, value } of segments) {
      let fds: number[] = [];
      if (value !== undefined) {
        fds = [s.values.open(value as Value)];
        s.line += ` ${s.values.show(fds[0]!)}`;
      }
      for (let at = 0; at < data.length; at += cut) {
        to.deliver(data.subarray(at, at + cut), fds);
        fds = [];
      }
    }
    s.ok();
  },
  pid(s) {
    s.instance.setPid(s.number());
    s.ok();
  },
  nomem(s) {
    s.failNext = { allocation: s.number(), operation: s.text() };
    s.ok();
  },
} satisfies Record<string, Run>;
