import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../ts/entry/node.ts";

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

  it("gives up with EAGAIN when the queue stays full, and at once when it is aborted", async () => {
    const path = join(folder, "socket");
    const child = await listener(path);
    try {
      child.kill("SIGSTOP");
      const controller = new AbortController();
      const results = Promise.allSettled(
        Array.from({ length: 8 }, () => connect({ path }, { signal: controller.signal })),
      );
      const late = connect({ path });
      await expect(late).rejects.toMatchObject({ code: "EAGAIN", syscall: "connect" });
      controller.abort(new Error("enough"));
      const refused = (await results).filter(({ status }) => status === "rejected");
      expect(refused.length).toBeGreaterThan(0);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("rejects with what Node says of an address that is not there", async () => {
    await expect(connect({ path: join(folder, "none") })).rejects.toMatchObject({ code: "ENOENT" });
  });
});
