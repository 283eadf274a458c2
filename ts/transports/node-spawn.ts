import { type ChildProcess, type SpawnOptions, spawn as spawnChild } from "node:child_process";
import type { Socket } from "node:net";
import type { ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { show } from "../module/check.ts";
import { fieldsOf, ImsgError, isObject } from "../module/error.ts";
import { maker } from "./node-net.ts";
import { openingError } from "./system-error.ts";

/** The options of {@link spawn}: those of the channel, and those of Node's spawn. */
export interface SpawnChannelOptions extends ChannelOptions {
  /**
   * Options of Node's spawn. `stdio` may set the descriptors of the child, by
   * default "ignore", "inherit", "inherit"; slot 3 is the channel's and may hold
   * "ignore", "pipe" or nothing; 4 and later ones are handed over as they are.
   */
  spawn?: SpawnOptions | undefined;
}

/** The child and its channel, with which {@link spawn} resolves. */
export interface SpawnedChannel {
  /** The child. */
  child: ChildProcess;
  /** The channel to it. */
  channel: ImsgChannel<number>;
}

/** The descriptor of a child on which it finds its end of the socketpair. */
export const CHANNEL_FD = 3;

function stdioOf(given: SpawnOptions["stdio"]): SpawnOptions["stdio"] {
  if (given === undefined) return ["ignore", "inherit", "inherit", "pipe"];
  fieldsOf(given);
  if (!Array.isArray(given)) return [given, given, given, "pipe"];
  const [stdin = "ignore", stdout = "inherit", stderr = "inherit", slot, ...others] = given;
  if (slot !== undefined && slot !== null && slot !== "ignore" && slot !== "pipe") {
    const detail =
      'descriptor 3 of the child is the channel\'s: put "ignore" there, and other descriptors from 4 on';
    throw new ImsgError("EINVAL", { syscall: "spawn", detail });
  }
  return [stdin, stdout, stderr, "pipe", ...others];
}

/**
 * Starts a child process with a Unix socketpair on its descriptor 3, as
 * privilege-separated daemons do, and resolves when it runs. Ending the channel
 * does not end the child; when the child exits, the channel closes by itself
 * after everything that arrived has been read. Rejects with EINVAL for bad
 * arguments and with an ImsgError (ENOENT, EACCES, …) if the child cannot be
 * started. `allowFdPass` as in `connect`.
 */
export async function spawn(
  command: string,
  args: readonly string[] = [],
  options: SpawnChannelOptions = {},
): Promise<SpawnedChannel> {
  const { spawn: spawnOptions = {}, ...channelOptions } = fieldsOf(options);
  if (!isObject(options) || !isObject(spawnOptions)) {
    throw new ImsgError("EINVAL", { syscall: "spawn", detail: "options must be an object" });
  }
  const stdio = stdioOf(spawnOptions.stdio);
  const make = await maker(channelOptions, true);
  channelOptions.signal?.throwIfAborted();
  return new Promise((resolve, fail) => {
    const name = typeof command === "string" ? command : show(command);
    const reject = (error: unknown): void => fail(openingError(error, "spawn", name));
    let child: ChildProcess;
    try {
      child = spawnChild(command, args, { ...spawnOptions, stdio: stdio! });
    } catch (error) {
      reject(error); // an argument of the wrong type
      return;
    }
    child.once("error", reject);
    child.once("spawn", () => {
      child.off("error", reject);
      try {
        resolve({ child, channel: make(child.stdio[CHANNEL_FD] as Socket, channelOptions) });
      } catch (error) {
        child.kill();
        reject(error);
      }
    });
  });
}
