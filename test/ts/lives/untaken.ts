import type { Arrival } from "./records.ts";

/** How many descriptors of received messages may wait to be taken. */
const LIMIT = 64;

const isOpen = ({ thing }: Arrival): boolean => thing?.ours === false && thing.closed === 0;

/**
 * Which descriptors the channel closes because too many newer ones were not taken. When a message
 * is decoded is not known: it is between its arrival and its reading.
 */
export class Untaken {
  #arrived: Arrival[] = [];
  #read: Arrival[] = [];

  /** A message with a thing has arrived. */
  arrived(arrival: Arrival): void {
    this.#arrived = [...this.#arrived.filter(isOpen), arrival];
    for (const oldest of this.#arrived.slice(0, -LIMIT)) {
      if (oldest.drop === "no") oldest.drop = "may";
    }
  }

  /** A message with a thing was read, and the thing was not taken. */
  read(arrival: Arrival): void {
    if (!isOpen(arrival)) return; // it was cut off from its header, or was closed before
    this.#read = [...this.#read.filter(isOpen), arrival].sort((a, b) => a.id - b.id);
    for (const oldest of this.#read.slice(0, -LIMIT)) oldest.drop = "must";
  }
}
