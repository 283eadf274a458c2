import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** The descriptor of the child on which it finds its end of the socketpair. */
const CHANNEL_FD = 3;

/** A shell command with one end of a Unix socketpair on its descriptor 3. */
export interface RunningCommand {
  child: ChildProcess;
  /** The other end; it allows half-closed connections. */
  socket: Socket;
}

/**
 * Starts a shell command in a process group of its own, so that
 * {@link endGroup} reaches everything that it starts. Its output goes to
 * our stderr. Rejects with the system's error.
 */
export function startCommand(command: string): Promise<RunningCommand> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", command], {
      detached: true,
      stdio: ["ignore", 2, 2, "pipe"],
    });
    child.once("error", reject);
    child.once("spawn", () => {
      child.off("error", reject);
      child.on("error", () => {});
      const socket = child.stdio[CHANNEL_FD] as Socket;
      socket.allowHalfOpen = true;
      resolve({ child, socket });
    });
  });
}

/** Milliseconds between two checks of a process group. */
const LOOK = 20;

/**
 * Resolves when the process group of a child has ended. A group that runs for
 * `patience` milliseconds gets SIGTERM, and SIGKILL after as long again. The leader
 * may have exited while other processes of its group run. Stops waiting 100 ms
 * after SIGKILL for a dead process that its parent does not collect.
 */
export async function endGroup(child: ChildProcess, patience: number): Promise<void> {
  const start = performance.now();
  const steps: [number, NodeJS.Signals | undefined][] = [
    [patience, "SIGTERM"],
    [2 * patience, "SIGKILL"],
    [2 * patience + 100, undefined],
  ];
  while (signalGroup(child, 0)) {
    const [at, name] = steps[0]!;
    if (performance.now() - start >= at) {
      if (name === undefined) return;
      signalGroup(child, name);
      steps.shift();
    }
    await delay(LOOK);
  }
}

/** Sends a signal, or none for 0, to the group of a child. Returns false if the group is gone. */
function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, name);
  } catch (error) {
    // EPERM: the group is there, and runs as another user
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
