// open, read and close by the number, which Deno's own functions refuse; and what is open.

import { readdirSync, readlinkSync } from "node:fs";

export const runtime = globalThis.Deno ? "deno" : globalThis.Bun ? "bun" : "node";

/** The open descriptors of this process: number and file. */
export function opened() {
  if (runtime === "deno") {
    // Deno opens two sockets of its own when it first listens for a signal
    const nothing = () => {};
    Deno.addSignalListener("SIGUSR2", nothing);
    Deno.removeSignalListener("SIGUSR2", nothing);
  }
  const entries = readdirSync("/proc/self/fd").map((number) => {
    try {
      return `${number} ${readlinkSync(`/proc/self/fd/${number}`)}`;
    } catch {
      return undefined; // the listing's own
    }
  });
  return new Set(entries.filter((entry) => entry !== undefined));
}

/** What has been opened since then and is not closed within a second: runtimes open files, too. */
export async function lostSince(before) {
  for (let i = 0; ; i++) {
    const lost = [...opened()].filter((entry) => !before.has(entry));
    if (lost.length === 0 || i === 100) return lost;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function calls() {
  if (runtime !== "deno") {
    const { closeSync, openSync, readSync } = await import("node:fs");
    return {
      open: (path) => openSync(path, "r"),
      read: (fd, bytes) => readSync(fd, bytes),
      close: closeSync,
    };
  }
  const { symbols } = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
  });
  return {
    open: (path) => symbols.open(new TextEncoder().encode(`${path}\0`), 0),
    read: (fd, bytes) => Number(symbols.read(fd, bytes, BigInt(bytes.length))),
    close: symbols.close,
  };
}

export async function files() {
  const { open, read, close } = await calls();
  /** The bytes that a descriptor reads; it is closed. */
  const text = (fd) => {
    const bytes = new Uint8Array(64);
    const length = read(fd, bytes);
    close(fd);
    return bytes.subarray(0, length);
  };
  return { open, close, text };
}
