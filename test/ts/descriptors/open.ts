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

/** How many descriptors this process has open. */
export const openCount = (): number => readdirSync("/proc/self/fd").length;

/** How many are open once they are so many, or after a second in which they were not. */
export async function settledCount(expected: number): Promise<number> {
  for (let i = 0; i < 100 && openCount() !== expected; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return openCount();
}

/** What a descriptor of this process is. */
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

/** A descriptor of a file that has a text and no name any more. */
export function unlinkedFile(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), "imsg-fd-"));
  const fd = openSync(join(folder, "file"), "w+");
  rmSync(folder, { recursive: true });
  writeSync(fd, text, 0);
  return fd;
}

/** Opens something cheap. */
export const openNull = (): number => openSync("/dev/null", "r");

export { closeSync as close };
