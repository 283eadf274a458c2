// The resources that processes use, by Linux's own figures.

import { readdirSync, readFileSync } from "node:fs";

const read = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");

/** A figure of /proc/PID/status in bytes. */
function status(pid: number, name: string): number {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(read(pid, "status")) ?? [];
  return Number(kilobytes) * 1024;
}

/** The bytes that a process has in memory. */
export const memoryOf = (pid: number): number => status(pid, "VmRSS");

/** The most bytes that a process has had in memory. */
export const peakOf = (pid: number): number => status(pid, "VmHWM");

/** Ticks of the clock that Linux counts in, for each second: 100 on every architecture of Node. */
const TICKS = 100;

/** The seconds of the processor that a process has used. */
export function secondsOf(pid: number): number {
  const fields = read(pid, "stat")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The children of a process. */
export const childrenOf = (pid: number): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        return new RegExp(`^PPid:\\s+${pid}$`, "m").test(read(each, "status"));
      } catch {
        return false; // It has ended.
      }
    });

/** The child of bgpd that keeps the routes. */
export function routesProcess(bgpd: number): number {
  const found = childrenOf(bgpd).find((pid) => read(pid, "cmdline").split("\0").includes("-R"));
  if (found === undefined) throw new Error("bgpd has no route decision engine");
  return found;
}
