import type { Dialect } from "../dialect.ts";
import type { Target } from "../target.ts";
import type { RelayEvent } from "./events.ts";
import type { Place } from "./listen.ts";
import type { Tls } from "./tls.ts";

/** Options of `startRelay`. */
export interface RelayOptions {
  /** Where connections go: a target as the command takes it, or a parsed one. */
  to: string | Target;
  /** The TCP address to listen on; 127.0.0.1 if absent. */
  host?: string;
  /** The TCP port; 0 or absent: any free one. */
  port?: number;
  /** Where to listen instead of `host` and `port`, such as a Unix socket. */
  listen?: Place;
  /** Where counters and health can be read by HTTP; nowhere if absent. */
  metrics?: Place;
  /** A certificate and its key in PEM: clients then connect with TLS. */
  tls?: Tls;
  /** The path that a client's URL must have; any path if absent. */
  path?: string;
  /** Origins of pages that may connect, besides the relay's own; their hosts are allowed as Host. */
  allowOrigins?: readonly string[];
  /** The token that clients must offer as the subprotocol `imsg.token.TOKEN`. */
  token?: string;
  /** The message types that clients may send, or "all"; none if absent. */
  allowTypes?: Iterable<number> | "all";
  /** Clients at once; 64 if absent. */
  maxConnections?: number;
  /**
   * Clients of one address at once. If absent, half of maxConnections, and no
   * limit for addresses of this machine, where a proxy has all clients.
   */
  maxPerAddress?: number;
  /** The longest message in bytes, header included, both ways; 16,384 if absent. */
  maxSize?: number;
  /** Milliseconds between two pings; 30,000 if absent, 0 sends none. */
  ping?: number;
  /** Milliseconds without a message after which a connection is closed; 0 or absent is never. */
  idleTimeout?: number;
  /** The dialect of the daemon; clients speak the current one. */
  dialect?: Dialect;
  /** Called with everything that happens. */
  log?: (event: RelayEvent) => void;
  /** Lines of the log that were lost, for the metrics. */
  lostLogLines?: () => number;
}

/** A running relay. */
export interface Relay {
  /** The URL that clients connect to. */
  readonly url: string;
  /** The address that it listens on; empty for a Unix socket. */
  readonly host: string;
  /** The TCP port; 0 for a Unix socket. */
  readonly port: number;
  /** The address of the metrics, if there are any, with a slash at the end. */
  readonly metricsUrl: string;
  /** How many clients there are. */
  readonly connections: number;
  /** Closes all connections and resolves when they are closed, within three seconds. */
  close(): Promise<void>;
}
