import type { Transport } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";
import { type FrameSocket, frameTransport } from "./websocket.ts";

/** The part of an RTCDataChannel that is used. */
export interface DataChannelLike extends FrameSocket {
  /** "connecting", "open", "closing" or "closed". */
  readonly readyState: string;
  /** Whether messages arrive in order. */
  readonly ordered: boolean;
  /** How often a message is repeated at most; null if as often as needed. */
  readonly maxRetransmits: number | null;
  /** How long a message is repeated, in milliseconds; null if as long as needed. */
  readonly maxPacketLifeTime: number | null;
}

const STATES = ["connecting", "open", "closing", "closed"];

/** A {@link Transport} over a data channel. Throws EINVAL if it may lose or reorder messages. */
export function dataChannelTransport(channel: DataChannelLike): Transport {
  if (!channel.ordered || channel.maxRetransmits !== null || channel.maxPacketLifeTime !== null) {
    throw new ImsgError("EINVAL", { detail: "the data channel must be ordered and reliable" });
  }
  return frameTransport(channel, {
    state: () => STATES.indexOf(channel.readyState),
    frame: 16384, // what every implementation takes
    unclean: () => "the data channel closed without an end",
  });
}
