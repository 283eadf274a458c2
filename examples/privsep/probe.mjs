// Tries everything that the child must not do, and reports Node's errors.

async function attempt(action) {
  try {
    await action();
    return "allowed";
  } catch (error) {
    return error.code ?? error.name;
  }
}

/** Tries to read a file, to start a process and to use the network, and returns the errors by attempt. */
export async function probe(file) {
  return {
    "read a file": await attempt(async () => (await import("node:fs")).readFileSync(file)),
    "write a file": await attempt(async () => (await import("node:fs")).writeFileSync(file, "")),
    "start a process": await attempt(async () =>
      (await import("node:child_process")).spawnSync("/bin/true"),
    ),
    "start a worker": await attempt(async () => {
      const { Worker } = await import("node:worker_threads");
      await new Worker("", { eval: true }).terminate();
    }),
    "use the network": await attempt(async () => {
      const { connect } = await import("node:net");
      await new Promise((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port: 1 });
        // no process listens there: only an allowed attempt gets ECONNREFUSED
        socket.on("error", (error) => (error.code === "ECONNREFUSED" ? resolve() : reject(error)));
        socket.on("connect", () => resolve(socket.destroy()));
      });
    }),
  };
}
