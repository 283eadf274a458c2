import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The number of open descriptors of this process. */
export const openCount = (): number => readdirSync("/proc/self/fd").length;

/** Waits until so many descriptors are open, for a second at most. Returns the number. */
export async function settledCount(expected: number): Promise<number> {
  for (let i = 0; i < 100 && openCount() !== expected; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return openCount();
}

/** The target of a descriptor of this process. */
export const what = (fd: number): string => readlinkSync(`/proc/self/fd/${fd}`);

/** Whether a number is an open descriptor. */
export function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

/** A descriptor of a deleted file that holds a text. */
export function unlinkedFile(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), "imsg-fd-"));
  const fd = openSync(join(folder, "file"), "w+");
  rmSync(folder, { recursive: true });
  writeSync(fd, text, 0);
  return fd;
}

/** Opens a cheap descriptor. */
export const openNull = (): number => openSync("/dev/null", "r");

export { closeSync as close };
