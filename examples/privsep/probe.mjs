// Tries what the child must not do, and says what Node answered.

async function attempt(action) {
  try {
    await action();
    return "allowed";
  } catch (error) {
    return error.code ?? error.name;
  }
}

/** What happens to someone in here who wants the file, a process, or the network. */
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
        // nobody listens there: to be told so, one must have been allowed to ask
        socket.on("error", (error) => (error.code === "ECONNREFUSED" ? resolve() : reject(error)));
        socket.on("connect", () => resolve(socket.destroy()));
      });
    }),
  };
}
