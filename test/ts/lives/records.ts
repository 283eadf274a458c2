// The records of a life's model: messages, requests, reads, and ways to end.

import type { ImsgMessage } from "../../../ts/entry/index.ts";
import type { Dialect } from "../../oracle/reference/codec.ts";
import type { Kind } from "./hand.ts";
import type { Signal, Tracked, Traveller } from "./tracked.ts";

/** Options of the channel, and of the transport below it. */
export interface Limits {
  readonly mark: number;
  readonly maxQueued: number;
  readonly maxSize: number;
  readonly lingerTimeout: number;
}

/** How a life is set up. */
export interface Setup extends Limits, Kind {
  /** The factor for lengths of payloads between 100 and 300. */
  readonly scale: number;
  /** See ChannelOptions.copy. */
  readonly copy: boolean;
  /** See ImsgOptions.dialect. */
  readonly dialect: Dialect;
  /** Whether a mark or a `maxQueued` of 1 is given as 0, which means the same. */
  readonly zero: boolean;
  /** Whether the program awaits `closed` and `peerEnded` from the start. */
  readonly watched: boolean;
}

/** A message that the program has sent. */
export interface Sent {
  readonly id: number;
  readonly size: number;
  /** Undefined if the channel chooses it. */
  peerid: number | undefined;
  readonly thing: Traveller | undefined;
  readonly signal: Signal | undefined;
  /** The outcome of its promise; undefined if the program does not await it. */
  readonly outcome: Tracked | undefined;
  /** The outcome that it must have, if that was known at the call. */
  readonly expect: "queued" | "refused" | "either";
  /** Whether it was sent by one call with others. */
  readonly many?: true;
  /** Whether the call must, may or must not be refused with ENOBUFS. */
  readonly full: "must" | "may" | "no";
  /** How often the transport had drained when the call had to wait for room; undefined if it had not to. */
  readonly waits?: number | undefined;
  /** The position behind it in the stream; undefined while it is queued. */
  end?: number;
  request?: Request;
}

/** A message that the peer has sent. */
export interface Arrival {
  readonly id: number;
  readonly size: number;
  readonly peerid: number;
  readonly thing: Traveller | undefined;
  /** Whether its header marks a descriptor that does not come. */
  readonly lacks: boolean;
  /** The position behind it in the peer's stream. */
  readonly end: number;
  arrived: boolean;
  fate: "waits" | "read" | "reply" | "late" | "dropped";
  /** Whether it answers a request that was given up. */
  late: "must" | "may" | "no";
  /** Position in the order of arrivals and requests. */
  at: number;
  /** The turn of the loop that got it; 0 if none did. */
  turn: number;
  /** The message that a reader or a request received. */
  message?: ImsgMessage;
  /** The program's use of its thing. */
  thingIs?: "taken" | "disposed";
  /** Whether its thing must or may be closed, since too many newer ones were not taken. */
  drop: "must" | "may" | "no";
}

/** A request that the program has made. */
export interface Request {
  readonly sent: Sent;
  readonly match: ((id: number) => boolean | "throws") | undefined;
  /** The error that the matcher throws. */
  readonly thrown: Error;
  readonly deadline: number | undefined;
  readonly signal: Signal | undefined;
  readonly tracked: Tracked<ImsgMessage>;
  /** Position in the order of arrivals and requests. */
  readonly at: number;
  /** The most that has waited for readers since the call: bytes, and descriptors. */
  most: { cost: number; fds: number };
}

/** A call that reads. */
export interface Read {
  readonly kind: "receive" | "receiveMany" | "loop" | "batches" | "stream";
  readonly signal: Signal | undefined;
  readonly tracked: Tracked<unknown>;
  /** Whether the call had to be refused, if that was known. */
  readonly expect: "busy" | "free" | "either";
  /** Whether a loop was left, which ends the call. */
  left: boolean;
  /** Whether another call waited at the same time. */
  shared: boolean;
}

/** The fields that inspecting a channel shows. */
export interface Shown {
  readonly transport: string;
  readonly state: "open" | "local end" | "peer end" | "ending" | "closing" | "closed";
  readonly error?: unknown;
  readonly received: number;
  readonly unsent: number;
}

/** The faults of the channel. */
export class Violation extends Error {}

/** A way in which the channel can have ended. */
export interface Cause {
  readonly name: string;
  /** Whether the channel must have ended; else it may have. */
  readonly sure: boolean;
  /** Whether `closed` may be fulfilled. */
  readonly clean: boolean;
  /** Whether `closed` may be rejected with an error. */
  matches(error: unknown): boolean;
}

/** Whether an error is one that the channel was given, or describes it and the lost bytes. */
export const tells = (error: unknown, of: unknown): boolean =>
  error === of || (lostBytes(error) > 0 && (error as Error).cause === of);
export const lostBytes = (error: unknown): number =>
  (error as { lostBytes?: number } | undefined)?.lostBytes ?? 0;
export const hasCode = (error: unknown, ...codes: string[]): boolean =>
  codes.includes((error as { code?: string } | undefined)?.code ?? "");
