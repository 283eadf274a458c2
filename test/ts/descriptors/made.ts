import koffi from "koffi";

const libc = koffi.load(null);
const socketpair = libc.func("int socketpair(int, int, int, void *)");
const pipe2 = libc.func("int pipe2(void *, int)");
const CLOEXEC = 0o2000000;
const NONBLOCK = 0o4000;

function made(call: (numbers: Int32Array) => number): [number, number] {
  const numbers = new Int32Array(2);
  if (call(numbers) !== 0) throw new Error(`no descriptors: errno ${koffi.errno()}`);
  return [numbers[0]!, numbers[1]!];
}

/** Two connected Unix sockets, by their numbers. */
export const rawSockets = (): [number, number] =>
  made((numbers) => socketpair(1, 1 | CLOEXEC | NONBLOCK, 0, numbers));

/** The reading and the writing end of a pipe, by their numbers. */
export const rawPipe = (): [number, number] => made((numbers) => pipe2(numbers, CLOEXEC));
