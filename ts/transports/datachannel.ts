import type { Transport } from "../channel/transport.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import { type FrameSocket, frameTransport } from "./frames.ts";

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
/** The longest frame in bytes that every implementation takes. */
const FRAME = 16384;

/** Makes a {@link Transport} over a data channel. Throws EINVAL if it is none, or may lose or reorder messages. */
export function dataChannelTransport(channel: DataChannelLike): Transport {
  const { readyState, ordered, maxRetransmits, maxPacketLifeTime } = fieldsOf(
    channel,
  ) as Partial<DataChannelLike>;
  let detail: string | undefined;
  if (!STATES.includes(readyState as string)) detail = "a channel needs an RTCDataChannel";
  else if (ordered !== true || maxRetransmits !== null || maxPacketLifeTime !== null) {
    detail = "the data channel must be ordered and reliable";
  }
  if (detail !== undefined) throw new ImsgError("EINVAL", { syscall: "imsgbuf_init", detail });
  return frameTransport(channel, {
    name: "data channel",
    state: () => STATES.indexOf(channel.readyState),
    frame: FRAME,
    counts: false,
    // a data channel closes without a code, so only the end before it is clean
    unclean: (_event, peerEnded) =>
      peerEnded ? undefined : "the data channel was closed without an end",
    breakOff: () => channel.close(),
  });
}
