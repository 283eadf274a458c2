/** The events that the relay reports. Text of clients in them is safe to print. */
export type RelayEvent =
  /** `url` is the address for clients; `metrics` is the address of counters and health. */
  | { event: "listening"; url: string; metrics?: string }
  /** Clients may send no message. */
  | { event: "listen-only" }
  /** A request did not become a connection. */
  | { event: "refused"; from: string; status: number; why: string; host?: string; origin?: string }
  | { event: "opened"; id: number; from: string; pid: number; origin?: string }
  /** `code` is the WebSocket's close code; `up`, `down` and `dropped` count messages. */
  | {
      event: "closed";
      id: number;
      from: string;
      pid: number;
      code: number;
      why: string;
      cause?: string;
      up: number;
      down: number;
      dropped: number;
    }
  /** `lost` lines of the log could not be written before. */
  | { event: "stopped"; lost?: number };
