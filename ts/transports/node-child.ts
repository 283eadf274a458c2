import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { Socket } from "node:net";
import { show } from "../module/check.ts";
import { fieldsOf, invalid, isObject } from "../module/error.ts";
import { maker } from "./node-make.ts";
import { CHANNEL_FD, type SpawnChannelOptions, type SpawnedChannel } from "./node-spawned.ts";
import { openingError } from "./opening-error.ts";

/** Returns the child's `stdio` with the channel in slot 3. Throws EINVAL if the slot is taken. */
function stdioOf(given: SpawnOptions["stdio"]): SpawnOptions["stdio"] {
  if (given === undefined) return ["ignore", "inherit", "inherit", "pipe"];
  fieldsOf(given); // refuses a revoked proxy, for which Array.isArray throws a TypeError
  if (!Array.isArray(given)) return [given, given, given, "pipe"];
  const [stdin = "ignore", stdout = "inherit", stderr = "inherit", slot, ...others] = given;
  if (slot !== undefined && slot !== null && slot !== "ignore" && slot !== "pipe") {
    const detail =
      'descriptor 3 of the child is the channel\'s: put "ignore" there, and other descriptors from 4 on';
    throw invalid("spawn", detail);
  }
  return [stdin, stdout, stderr, "pipe", ...others];
}

/** Starts a child with a channel: the function `spawn` of the entry. */
export async function spawnChannel(
  command: string,
  args: readonly string[],
  options: SpawnChannelOptions,
): Promise<SpawnedChannel> {
  const { spawn: spawnOptions = {}, ...channelOptions } = fieldsOf(options);
  if (!isObject(options) || !isObject(spawnOptions)) {
    throw invalid("spawn", "options must be an object");
  }
  const stdio = stdioOf(spawnOptions.stdio);
  const make = await maker(channelOptions, true);
  // loaded here, because connecting and listening do not need it
  const { spawn: spawnChild } = await import("node:child_process");
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
