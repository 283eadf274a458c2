import type {
  Bytes,
  Ibuf,
  Imsg,
  Imsgbuf,
  ImsgInstance,
  Msgbuf,
  Socket,
} from "../../../ts/c/index.ts";
import { ImsgCodec } from "../../../ts/channel/codec.ts";
import { pattern, wire } from "./helpers.ts";

/** The kinds of arguments; each kind has bad values of its own. */
export type Kind =
  | "size"
  | "value"
  | "bytes"
  | "list"
  | "fd"
  | "fds"
  | "errno"
  | "pid"
  | "u32"
  | "function"
  | "init"
  | "ibuf"
  | "imsg"
  | "msgbuf"
  | "socket";

/** Objects to call methods on, made anew for each call. */
export interface World {
  instance: ImsgInstance;
  ibuf: Ibuf;
  other: Ibuf;
  msgbuf: Msgbuf;
  reader: Msgbuf;
  socket: Socket;
  imsgbuf: Imsgbuf;
  imsg: Imsg;
  codec: ImsgCodec;
}

/** Makes the objects of an instance; `Codec` is the class of the same copy of the library. */
export function world(instance: ImsgInstance, Codec = ImsgCodec): World {
  const ibuf = instance.Ibuf.dynamic(8, 100);
  ibuf.add(pattern(8));
  const socket = new instance.Socket();
  const imsgbuf = instance.Imsgbuf.init(socket);
  socket.deliver(wire(1, pattern(8)));
  imsgbuf.read();
  return {
    instance,
    ibuf,
    other: instance.Ibuf.open(4),
    msgbuf: instance.Msgbuf.new(),
    reader: instance.Msgbuf.reader(4, () => 4),
    socket,
    imsgbuf,
    imsg: imsgbuf.get()!,
    codec: new Codec({ instance }),
  };
}

export interface Method {
  readonly name: string;
  /** The kind of each argument, and a good value for it. */
  readonly args: readonly (readonly [Kind, (w: World) => unknown])[];
  readonly call: (w: World, args: readonly never[]) => unknown;
}

const size = ["size", () => 4] as const;
const value = ["value", () => 4] as const;
const bytes = ["bytes", () => pattern(4)] as const;
const type = ["init", () => 1] as const;
const peerid = ["u32", () => 1] as const;
const pid = ["pid", () => 1] as const;
const fd = ["fd", () => -1] as const;

const method = (name: string, args: Method["args"], call: Method["call"]): Method => ({
  name,
  args,
  call,
});

const widths = ["N8", "N16", "N32", "N64", "H16", "H32", "H64"] as const;

/** Every method that takes arguments. */
export const methods: readonly Method[] = [
  method("Ibuf.open", [size], (w, [n]) => w.instance.Ibuf.open(n!)),
  method("Ibuf.dynamic", [size, size], (w, [n, max]) => w.instance.Ibuf.dynamic(n!, max!)),
  method("Ibuf.fromBuffer", [bytes], (w, [b]) => w.instance.Ibuf.fromBuffer(b!)),
  method("Ibuf.fromIbuf", [["ibuf", (w) => w.other]], (w, [b]) => w.instance.Ibuf.fromIbuf(b!)),
  method("ibuf.add", [bytes], (w, [b]) => w.ibuf.add(b!)),
  method("ibuf.addIbuf", [["ibuf", (w) => w.other]], (w, [b]) => w.ibuf.addIbuf(b!)),
  method("ibuf.addZero", [size], (w, [n]) => w.ibuf.addZero(n!)),
  ...widths.map((x) => method(`ibuf.add${x}`, [value], (w, [v]) => w.ibuf[`add${x}`](v!))),
  method("ibuf.reserve", [size], (w, [n]) => w.ibuf.reserve(n!)),
  method("ibuf.seek", [size, size], (w, [pos, n]) => w.ibuf.seek(pos!, n!)),
  method("ibuf.set", [size, bytes], (w, [pos, b]) => w.ibuf.set(pos!, b!)),
  ...widths.map((x) =>
    method(`ibuf.set${x}`, [["size", () => 0], value], (w, [pos, v]) =>
      w.ibuf[`set${x}`](pos!, v!),
    ),
  ),
  method("ibuf.truncate", [size], (w, [n]) => w.ibuf.truncate(n!)),
  method("ibuf.close", [["msgbuf", (w) => w.msgbuf]], (w, [m]) => w.ibuf.close(m!)),
  method("ibuf.get", [size], (w, [n]) => w.ibuf.get(n!)),
  method("ibuf.getIbuf", [size], (w, [n]) => w.ibuf.getIbuf(n!)),
  method("ibuf.getString", [size], (w, [n]) => w.ibuf.getString(n!)),
  method("ibuf.getStringBytes", [size], (w, [n]) => w.ibuf.getStringBytes(n!)),
  method("ibuf.skip", [size], (w, [n]) => w.ibuf.skip(n!)),
  method("ibuf.fdSet", [fd], (w, [n]) => w.ibuf.fdSet(n!)),
  method("Msgbuf.reader", [size, ["function", () => () => 4]], (w, [n, f]) =>
    w.instance.Msgbuf.reader(n!, f!),
  ),
  ...(["read", "write", "ibufRead", "ibufWrite"] as const).map((x) =>
    method(`msgbuf.${x}`, [["socket", (w) => w.socket]], (w, [s]) =>
      (x.endsWith("rite") ? w.msgbuf : w.reader)[x](s!),
    ),
  ),
  method("Imsgbuf.init", [["socket", (w) => w.socket]], (w, [s]) => w.instance.Imsgbuf.init(s!)),
  method("imsgbuf.setMaxsize", [["size", () => 16]], (w, [n]) => w.imsgbuf.setMaxsize(n!)),
  method("imsgbuf.forward", [["imsg", (w) => w.imsg]], (w, [m]) => w.imsgbuf.forward(m!)),
  method("imsgbuf.compose", [type, peerid, pid, fd, bytes], (w, [t, i, p, f, b]) =>
    w.imsgbuf.compose({ type: t!, peerid: i!, pid: p!, fd: f!, data: b! }),
  ),
  method(
    "imsgbuf.composev",
    [type, peerid, pid, fd, ["list", () => [pattern(1), pattern(2)]]],
    (w, [t, i, p, f, b]) => w.imsgbuf.composev({ type: t!, peerid: i!, pid: p!, fd: f!, data: b! }),
  ),
  method("imsgbuf.composeIbuf", [type, peerid, pid, ["ibuf", (w) => w.other]], (w, [t, i, p, b]) =>
    w.imsgbuf.composeIbuf({ type: t!, peerid: i!, pid: p! }, b!),
  ),
  method("imsgbuf.create", [type, peerid, pid, size], (w, [t, i, p, n]) =>
    w.imsgbuf.create({ type: t!, peerid: i!, pid: p! }, n!),
  ),
  method("imsgbuf.close", [["ibuf", (w) => w.other]], (w, [b]) => w.imsgbuf.close(b!)),
  method("imsg.getData", [["size", () => 8]], (w, [n]) => w.imsg.getData(n!)),
  method("Imsg.add", [["ibuf", (w) => w.ibuf], bytes], (w, [b, d]) =>
    (w.imsg.constructor as typeof Imsg).add(b!, d!),
  ),
  method("socket.deliver", [bytes, ["fds", () => []]], (w, [b, f]) => w.socket.deliver(b!, f!)),
  method("socket.deliverError", [["errno", () => "EIO"]], (w, [e]) => w.socket.deliverError(e!)),
  method("socket.failNextWrite", [["errno", () => "EIO"]], (w, [e]) => w.socket.failNextWrite(e!)),
  method("socket.limitNextWrite", [size], (w, [n]) => w.socket.limitNextWrite(n!)),
  method("socket.room", [size], (w, [n]) => {
    w.socket.room = n!;
  }),
  method("instance.setPid", [pid], (w, [p]) => w.instance.setPid(p!)),
  method("instance.failAllocation", [["size", () => 0]], (w, [n]) => w.instance.failAllocation(n!)),
  method("instance.limitMemory", [["size", () => 0]], (w, [n]) => w.instance.limitMemory(n!)),
  method("codec.push", [["bytes", () => wire(1)]], (w, [b]) => w.codec.push(b!)),
  method("codec.encode", [type, peerid, pid, bytes], (w, [t, i, p, b]) =>
    w.codec.encode({ type: t!, peerid: i!, pid: p!, data: b! as Bytes }),
  ),
];
