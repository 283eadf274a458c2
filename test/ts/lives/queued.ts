import { HEADER_SIZE } from "../../oracle/reference/codec.ts";
import type { Model } from "./model.ts";
import { hasCode, type Sent } from "./records.ts";

/** A number of bytes as far as the program can know it. */
export type Bounds = readonly [least: number, most: number];

/** Bytes of a message with its header. */
export const bytesOf = ({ size }: Pick<Sent, "size">): number => size + HEADER_SIZE;

/** Whether a message has surely entered the channel's queue, and whether it may have. */
function entered({
  expect,
  end,
  outcome,
  request,
  many,
}: Sent): [surely: boolean, perhaps: boolean] {
  if (expect === "refused") return [false, false];
  if (end !== undefined || expect === "queued") return [true, true];
  if (outcome?.rejected) {
    const { error } = outcome;
    // of several messages, those before the refused one stay in the queue; so does a request
    // that is rejected later, since its reply cannot be decoded or the peer has ended
    const refused =
      hasCode(error, "ENOBUFS") || (request === undefined && hasCode(error, "ERR_IMSG_CLOSED"));
    return [false, many === true || !refused];
  }
  return [outcome?.fulfilled === true && request === undefined, true];
}

/** Bytes in the channel's queue that it has not handed to the transport. */
export function queuedBytes({ sent, hand }: Model): Bounds {
  let [least, most] = [-hand.handed, -hand.handed];
  for (const each of sent) {
    const [surely, perhaps] = entered(each);
    if (surely) least += bytesOf(each);
    if (perhaps) most += bytesOf(each);
  }
  return [Math.max(0, least), Math.max(0, most)];
}

/**
 * Whether a send must, may or must not be refused with ENOBUFS, while so many bytes are in
 * the channel's queue. Bytes that the transport has taken count while it has no room.
 */
export function isFull({ hand, limits }: Model, [least, most]: Bounds): Sent["full"] {
  const below = hand.full ? (hand.unsent ?? 0) : 0;
  if (least + below >= limits.maxQueued) return "must";
  return most + below >= limits.maxQueued ? "may" : "no";
}
