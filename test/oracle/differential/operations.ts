/**
 * The operations that programs consist of: the arguments of each, and the
 * functions of imsg.h that it calls. The native driver and the executor of
 * the wrapper implement each of them.
 */

export interface Shape {
  /** Names of the arguments, for the program in words. */
  readonly args: readonly string[];
  /** The C functions that the operation exercises. */
  readonly functions: readonly string[];
}

const kernel = (...args: string[]): Shape => ({ args, functions: [] });
const calls = (functions: string, ...args: string[]): Shape => ({
  args,
  functions: functions.split(" "),
});

const widths = ["n8", "n16", "n32", "n64", "h16", "h32", "h64"] as const;
type Width = (typeof widths)[number];

function perWidth<P extends string>(
  prefix: P,
  shape: (width: Width) => Shape,
): Record<`${P}${Width}`, Shape> {
  const entries = widths.map((width) => [`${prefix}${width}`, shape(width)]);
  return Object.fromEntries(entries) as Record<`${P}${Width}`, Shape>;
}

export const operations = {
  // the kernel
  socket: kernel("socket"),
  closesock: kernel("socket"),
  end: kernel("socket"),
  fail: kernel("socket", "error"),
  accept: kernel("socket", "bytes"),
  refuse: kernel("socket", "error"),
  room: kernel("socket", "bytes"),
  take: kernel("socket"),
  transfer: kernel("from socket", "to socket", "cut every"),
  pid: kernel("pid"),
  nomem: kernel("allocation", "of the next operation if it is"),
  // values, and the descriptors that stand for them
  fdopen: kernel("keep as"),
  fdagain: kernel("keep the oldest in hand as"),
  fdvalue: kernel("number"),
  fdtake: kernel("number"),
  closefd: kernel("descriptor"),
  deliver: kernel("socket", "descriptors", "bytes"),
  give: kernel("socket", "bytes", "descriptor", "descriptor"),
  pass: kernel("socket", "bytes", "values in hand"),
  // ibufs: making and filling
  open: calls("ibuf_open", "ibuf", "len"),
  dynamic: calls("ibuf_dynamic", "ibuf", "len", "max"),
  frombuffer: calls("ibuf_from_buffer", "ibuf", "bytes"),
  fromibuf: calls("ibuf_from_ibuf", "ibuf", "from ibuf"),
  add: calls("ibuf_add", "ibuf", "bytes"),
  addibuf: calls("ibuf_add_ibuf", "ibuf", "from ibuf"),
  addzero: calls("ibuf_add_zero", "ibuf", "len"),
  ...perWidth("add", (width) => calls(`ibuf_add_${width}`, "ibuf", "value")),
  reserve: calls("ibuf_reserve", "ibuf", "len", "pattern"),
  seek: calls("ibuf_seek", "ibuf", "pos", "len", "pattern"),
  set: calls("ibuf_set", "ibuf", "pos", "bytes"),
  ...perWidth("set", (width) => calls(`ibuf_set_${width}`, "ibuf", "pos", "value")),
  truncate: calls("ibuf_truncate", "ibuf", "len"),
  rewind: calls("ibuf_rewind", "ibuf"),
  close: calls("ibuf_close", "ibuf", "msgbuf"),
  free: calls("ibuf_free", "ibuf"),
  fdset: calls("ibuf_fd_set", "ibuf", "descriptor"),
  // ibufs: reading
  data: calls("ibuf_data", "ibuf"),
  size: calls("ibuf_size", "ibuf"),
  left: calls("ibuf_left", "ibuf"),
  get: calls("ibuf_get", "ibuf", "len"),
  getibuf: calls("ibuf_get_ibuf", "ibuf", "to ibuf", "len"),
  ...perWidth("get", (width) => calls(`ibuf_get_${width}`, "ibuf")),
  getstring: calls("ibuf_get_string", "ibuf", "len"),
  skip: calls("ibuf_skip", "ibuf", "len"),
  fdavail: calls("ibuf_fd_avail", "ibuf"),
  fdget: calls("ibuf_fd_get", "ibuf", "keep as"),
  // msgbufs
  new: calls("msgbuf_new", "msgbuf"),
  reader: calls(
    "msgbuf_new_reader",
    ...["msgbuf", "header size", "base length", "length at", "length width", "refuse"],
  ),
  qfree: calls("msgbuf_free", "msgbuf"),
  qclear: calls("msgbuf_clear", "msgbuf"),
  qlen: calls("msgbuf_queuelen", "msgbuf"),
  qget: calls("msgbuf_get", "msgbuf", "to ibuf"),
  qwrite: calls("msgbuf_write", "msgbuf", "socket"),
  bwrite: calls("ibuf_write", "msgbuf", "socket"),
  qread: calls("msgbuf_read", "msgbuf", "socket"),
  bread: calls("ibuf_read", "msgbuf", "socket"),
  // imsgbufs
  init: calls("imsgbuf_init", "imsgbuf", "socket"),
  fdpass: calls("imsgbuf_allow_fdpass", "imsgbuf"),
  maxsize: calls("imsgbuf_set_maxsize", "imsgbuf", "maxsize"),
  iread: calls("imsgbuf_read", "imsgbuf"),
  iwrite: calls("imsgbuf_write", "imsgbuf"),
  flush: calls("imsgbuf_flush", "imsgbuf"),
  clear: calls("imsgbuf_clear", "imsgbuf"),
  ilen: calls("imsgbuf_queuelen", "imsgbuf"),
  iget: calls("imsg_get", "imsgbuf", "to imsg"),
  forward: calls("imsg_forward", "imsgbuf", "imsg"),
  compose: calls("imsg_compose", "imsgbuf", "type", "peerid", "pid", "descriptor", "bytes"),
  composev: calls(
    "imsg_composev",
    ...["imsgbuf", "type", "peerid", "pid", "descriptor", "pieces", "bytes …"],
  ),
  composeibuf: calls("imsg_compose_ibuf", "imsgbuf", "ibuf", "type", "peerid", "pid"),
  create: calls("imsg_create", "imsgbuf", "to ibuf", "type", "peerid", "pid", "len"),
  iadd: calls("imsg_add", "ibuf", "bytes"),
  iclose: calls("imsg_close", "imsgbuf", "ibuf"),
  // messages
  hdr: kernel("imsg"),
  mgetibuf: calls("imsg_get_ibuf", "imsg", "to ibuf"),
  mgetdata: calls("imsg_get_data", "imsg", "len"),
  mgetall: calls("imsg_get_data imsg_get_len", "imsg"),
  mgetfd: calls("imsg_get_fd", "imsg", "keep as"),
  mgetid: calls("imsg_get_id", "imsg"),
  mgetlen: calls("imsg_get_len", "imsg"),
  mgetpid: calls("imsg_get_pid", "imsg"),
  mgettype: calls("imsg_get_type", "imsg"),
  mfree: calls("imsg_free", "imsg"),
} satisfies Record<string, Shape>;

export type OperationName = keyof typeof operations;

/** The C functions that programs call, by name, each once. */
export const coveredFunctions: readonly string[] = [
  ...new Set(Object.values(operations).flatMap((shape: Shape) => shape.functions)),
].sort();
