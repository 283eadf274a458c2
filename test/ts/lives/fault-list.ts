import { callFaults } from "./faults-of-calls.ts";
import { lifeFaults } from "./faults-of-life.ts";
import { messageFaults } from "./faults-of-messages.ts";

/**
 * Faults to plant in a copy of the channel: the file in ts/channel, a text that
 * occurs once in it, what to put in its place, and what the fault is.
 */
export type FaultRow = readonly [file: string, text: string, replacement: string, what: string];

export const faultRows: readonly FaultRow[] = [...messageFaults, ...lifeFaults, ...callFaults];
