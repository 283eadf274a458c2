import { Imsg, type Imsgbuf, type Msgbuf, type Socket } from "../../../ts/c/index.ts";
import { layout } from "../../../ts/module/abi.ts";
import { Refusal, type Run, type Slots } from "./executor-slots.ts";
import { showBytes, showSize } from "./transcript.ts";

const MAXSIZE_KEPT = 131072;
const EMPTY = new Uint8Array(0);

/** An operation on an object of its first argument's slot. */
function msgbuf(run: (q: Msgbuf, s: Slots) => void): Run {
  return (s) => {
    const q = s.msgbuf();
    if (q !== undefined) run(q, s);
  };
}

function imsgbuf(run: (c: Imsgbuf, s: Slots) => void): Run {
  return (s) => {
    const c = s.imsgbuf();
    if (c !== undefined) run(c, s);
  };
}

function imsg(run: (m: Imsg, s: Slots) => void): Run {
  return (s) => {
    const m = s.imsg();
    if (m !== undefined) run(m, s);
  };
}

/** An operation that changes a queue. The queue's length is noted afterwards unless the queue has ended. */
function queued<T extends { readonly queuelen: number }>(
  s: Slots,
  queue: T,
  run: (queue: T) => unknown,
): void {
  void queue.queuelen;
  s.observeQueue(queue);
  run(queue);
  s.ok();
}

/** The same for an operation that the wrapper refuses if the socket is closed. */
function writing<T extends { readonly queuelen: number }>(
  s: Slots,
  queue: T,
  socket: Socket,
  run: (queue: T) => unknown,
): void {
  void queue.queuelen;
  if (!socket.disposed) s.observeQueue(queue);
  run(queue);
  s.ok();
}

function header(s: Slots, m: Imsg): void {
  // the wrapper keeps the header of a freed message; its data is gone
  const data = m.data ?? EMPTY;
  const { type, len, peerid, pid } = m.hdr;
  s.line += ` = ${type} ${len} ${peerid} ${pid} ${showBytes(data)}`;
}

/** The descriptor that came with a message, which stays there. */
function descriptorOf(m: Imsg): number {
  const { memory } = m.engine;
  return (
    memory.word(memory.word(m.pointerFor("imsg_get_fd") + layout.imsg.buf) + layout.ibuf.fd) | 0
  );
}

function init(s: Slots): { type: number; peerid: number; pid: number } {
  return { type: s.number(), peerid: s.number(), pid: s.number() };
}

export const imsgOperations = {
  new(s) {
    const slot = s.number();
    s.drop(s.msgbufs, slot);
    s.msgbufs[slot] = s.instance.Msgbuf.new();
    s.ok();
  },
  reader(s) {
    const slot = s.number();
    s.drop(s.msgbufs, slot);
    const headerSize = s.size();
    const base = s.number();
    const at = s.number();
    const width = s.number();
    const refuse = s.number();
    s.msgbufs[slot] = s.instance.Msgbuf.reader(headerSize, (hdr) => {
      if (refuse !== 0 && hdr[0]! % refuse === 1) throw new Refusal();
      let total = base;
      for (let i = 0; i < width; i++) total += hdr[(at + i) % hdr.length]! * 256 ** i;
      return total;
    });
    s.ok();
  },
  qfree: msgbuf((q, s) => {
    q.free();
    s.ok();
  }),
  qclear: msgbuf((q, s) => queued(s, q, () => q.clear())),
  qlen: msgbuf((q, s) => s.result(q.queuelen)),
  qget: msgbuf((q, s) => {
    const to = s.number();
    s.drop(s.ibufs, to);
    const ibuf = q.get();
    if (ibuf === undefined) {
      s.result(0);
      return;
    }
    s.ibufs[to] = ibuf;
    s.ok();
    s.observe(ibuf);
  }),
  qwrite: msgbuf((q, s) => {
    const socket = s.socket();
    if (socket !== undefined) writing(s, q, socket, () => q.write(socket));
  }),
  bwrite: msgbuf((q, s) => {
    const socket = s.socket();
    if (socket !== undefined) writing(s, q, socket, () => q.ibufWrite(socket));
  }),
  qread: msgbuf((q, s) => {
    const socket = s.socket();
    if (socket !== undefined) s.result(q.read(socket));
  }),
  bread: msgbuf((q, s) => {
    const socket = s.socket();
    if (socket !== undefined) s.result(q.ibufRead(socket));
  }),
  init(s) {
    const slot = s.number();
    const socket = s.socket();
    if (socket === undefined) return;
    s.drop(s.imsgbufs, slot);
    const c = s.instance.Imsgbuf.init(socket);
    s.imsgbufs[slot] = c;
    s.socketOf.set(c, socket);
    s.ok();
  },
  fdpass: imsgbuf((c, s) => {
    c.allowFdpass();
    s.ok();
  }),
  maxsize: imsgbuf((c, s) => {
    const maxsize = s.number();
    c.setMaxsize(maxsize);
    s.ok();
    // a wrong length in a stream must not make the test allocate gigabytes
    if (maxsize > MAXSIZE_KEPT) c.setMaxsize(MAXSIZE_KEPT);
  }),
  iread: imsgbuf((c, s) => s.result(c.read())),
  iwrite: imsgbuf((c, s) => writing(s, c, s.socketOf.get(c)!, () => c.write())),
  flush: imsgbuf((c, s) => writing(s, c, s.socketOf.get(c)!, () => c.flush())),
  clear: imsgbuf((c, s) => {
    c.clear();
    s.ok();
  }),
  ilen: imsgbuf((c, s) => s.result(c.queuelen)),
  iget: imsgbuf((c, s) => {
    const to = s.number();
    s.drop(s.imsgs, to);
    const m = c.get();
    if (m === undefined) {
      s.result(0);
      return;
    }
    s.imsgs[to] = m;
    header(s, m);
    s.line += ` ${m.getLen() + 16}`;
    const fd = descriptorOf(m);
    if (fd >= 0) s.line += ` with ${s.values.show(fd)}`;
  }),
  forward: imsgbuf((c, s) => {
    const m = s.imsg();
    if (m === undefined) return;
    void c.queuelen;
    void m.getLen();
    queued(s, c, () => c.forward(m));
  }),
  compose: imsgbuf((c, s) => {
    const message = { ...init(s), fd: s.descriptor(), data: s.bytes() };
    queued(s, c, () => c.compose(message));
  }),
  composev: imsgbuf((c, s) => {
    const start = init(s);
    const fd = s.descriptor();
    const data = Array.from({ length: s.number() }, () => s.bytes());
    queued(s, c, () => c.composev({ ...start, fd, data }));
  }),
  composeibuf: imsgbuf((c, s) => {
    const b = s.ibuf();
    if (b === undefined) return;
    const start = init(s);
    void c.queuelen;
    void b.size;
    if (!b.isView) s.observeQueue(c);
    c.composeIbuf(start, b);
    s.ok();
  }),
  create: imsgbuf((c, s) => {
    const to = s.number();
    s.drop(s.ibufs, to);
    const start = init(s);
    const ibuf = c.create(start, s.size());
    s.ibufs[to] = ibuf;
    // the original does not set the header's len: it has the bytes of the stack
    ibuf.setH32(4, 0);
    s.ok();
    s.observe(ibuf);
  }),
  iadd(s) {
    const b = s.ibuf();
    if (b === undefined) return;
    s.result(Imsg.add(b, s.bytes()));
    s.observe(b);
  },
  iclose: imsgbuf((c, s) => {
    const b = s.ibuf();
    if (b === undefined) return;
    c.close(b);
    s.ok();
    s.observeQueue(c);
  }),
  hdr: imsg((m, s) => header(s, m)),
  mgetibuf: imsg((m, s) => {
    const to = s.number();
    s.drop(s.ibufs, to);
    const view = m.getIbuf();
    s.ibufs[to] = view;
    s.ok();
    s.observe(view);
  }),
  mgetdata: imsg((m, s) => s.resultBytes(m.getData(s.size()))),
  mgetall: imsg((m, s) => s.resultBytes(m.getData(m.getLen()))),
  mgetfd: imsg((m, s) => {
    const slot = s.number();
    s.hold(slot, m.getFd());
  }),
  mgetid: imsg((m, s) => s.result(m.getId())),
  mgetlen: imsg((m, s) => {
    s.line += ` = ${showSize(m.getLen())}`;
  }),
  mgetpid: imsg((m, s) => s.result(m.getPid())),
  mgettype: imsg((m, s) => s.result(m.getType())),
  mfree: imsg((m, s) => {
    m.free();
    s.ok();
  }),
} satisfies Record<string, Run>;
