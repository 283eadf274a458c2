import type { SpawnChannelOptions, SpawnedChannel } from "./node-spawned.ts";

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
  return (await import("./node-open.ts")).spawnChannel(command, args, options);
}
