import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { ChannelOptions, ImsgChannel } from "../channel/channel.ts";

/** The options of `spawn`: those of the channel, and those of Node's spawn. */
export interface SpawnChannelOptions extends ChannelOptions {
  /**
   * Options of Node's spawn. `stdio` may set the descriptors of the child, by
   * default "ignore", "inherit", "inherit"; slot 3 is the channel's and may hold
   * "ignore", "pipe" or nothing; 4 and later ones are handed over as they are.
   */
  spawn?: SpawnOptions | undefined;
}

/** The child and its channel, with which `spawn` resolves. */
export interface SpawnedChannel {
  /** The child. */
  child: ChildProcess;
  /** The channel to it. */
  channel: ImsgChannel<number>;
}

/** The descriptor of a child on which it finds its end of the socketpair. */
export const CHANNEL_FD = 3;
