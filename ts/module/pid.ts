/**
 * The process id that messages carry unless told otherwise: the process's
 * where there is one, else a random one, never 0, that fits C's pid_t.
 */
export function processId(): number {
  const { process } = globalThis as { process?: { pid?: unknown } };
  if (typeof process?.pid === "number" && process.pid > 0) return process.pid;
  return 1 + Math.floor(Math.random() * 0x7ffffffe);
}
