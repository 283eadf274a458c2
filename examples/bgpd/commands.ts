// The commands that the grammar reads.

import type {
  Attributes,
  Family,
  FibFilter,
  NeighborAction,
  NeighborFilter,
  RibFilter,
} from "./types.ts";

/** A command that only reads: it asks bgpd for a listing, and changes nothing. */
export type Show =
  /** With `full`, the document has everything about the neighbors. */
  | { action: "summary"; terse: boolean; full?: boolean }
  | { action: "neighbors"; filter: NeighborFilter & { timers?: boolean } }
  /** With `oneLine`, a route in full has one line. */
  | { action: "rib"; filter: RibFilter; oneLine?: boolean }
  | { action: "fib"; filter: FibFilter }
  | { action: "networks" | "flowspecs"; family?: Family }
  | { action: "interfaces" | "nexthops" | "rtrs" | "sets" | "tables" };

/** A command that changes bgpd. The user confirms it first. */
export type Change =
  | { action: "neighbor"; change: NeighborAction; filter: NeighborFilter; reason: string }
  | { action: "fib-sync"; coupled: boolean; table: number }
  | { action: "network"; change: "add" | "delete"; prefix: string; attributes: Attributes }
  /** The prefixes come from standard input. */
  | { action: "network-bulk"; change: "add" | "delete"; attributes: Attributes }
  | {
      action: "flowspec";
      change: "add" | "delete";
      family: 4 | 6;
      rule: Uint8Array;
      attributes: Attributes;
    }
  | { action: "network-flush" | "flowspec-flush" }
  | { action: "log"; verbose: boolean }
  | { action: "reload"; reason: string };

/** A command. */
export type Command =
  | Show
  | Change
  | { action: "memory" }
  | { action: "metrics" }
  | { action: "watch" };
