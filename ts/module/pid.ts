/**
 * The process id of messages that are sent without one: the id of the process
 * where there is one, else a random number from 1 that fits C's pid_t.
 */
export function processId(): number {
  const { process } = globalThis as { process?: { pid?: unknown } };
  if (typeof process?.pid === "number" && process.pid > 0) return process.pid;
  return 1 + Math.floor(Math.random() * 0x7ffffffe);
}
