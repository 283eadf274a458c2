import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../../ts/entry/node.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-connect-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** A process that listens with room for one more connection, and echoes; it can be stopped. */
async function listener(path: string) {
  const child = spawn(process.execPath, [
    "-e",
    `require("node:net")
      .createServer((socket) => socket.pipe(socket))
      .listen({ path: ${JSON.stringify(path)}, backlog: 1 }, () => console.log("ready"));`,
  ]);
  await once(child.stdout, "data");
  return child;
}

describe("connect()", () => {
  it("waits, as a C program would, while a Unix listener's queue is full", async () => {
    const path = join(folder, "socket");
    const child = await listener(path);
    try {
      child.kill("SIGSTOP");
      let settled = 0;
      const connecting = Array.from({ length: 12 }, async () => {
        const channel = await connect({ path });
        settled++;
        return channel;
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(settled).toBeLessThan(12);
      child.kill("SIGCONT");
      const channels = await Promise.all(connecting);
      for (const [type, channel] of channels.entries()) {
        await channel.send({ type });
        expect((await channel.receive())?.type).toBe(type);
        await channel.close();
      }
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("gives up with EAGAIN when the queue stays full", async () => {
    const path = join(folder, "socket");
    const child = await listener(path);
    try {
      child.kill("SIGSTOP");
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => connect({ path })));
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused.length).toBeGreaterThan(0);
      for (const { reason } of refused) {
        expect(reason).toMatchObject({ code: "EAGAIN", syscall: "connect" });
      }
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("stops waiting for a place in the queue with the reason of its signal", async () => {
    const path = join(folder, "socket");
    const child = await listener(path);
    try {
      child.kill("SIGSTOP");
      const controller = new AbortController();
      const { signal } = controller;
      const connecting = Promise.allSettled(
        Array.from({ length: 8 }, () => connect({ path }, { signal })),
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.abort(new Error("enough"));
      const refused = (await connecting).filter((result) => result.status === "rejected");
      expect(refused.length).toBeGreaterThan(0);
      // none has reached its limit yet
      for (const { reason } of refused) expect(String(reason)).toBe("Error: enough");
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("rejects with what Node says of an address that is not there", async () => {
    await expect(connect({ path: join(folder, "none") })).rejects.toMatchObject({ code: "ENOENT" });
  });
});
