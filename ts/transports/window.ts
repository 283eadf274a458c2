import { show } from "../module/check.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import type { MessagePortLike, PortListener } from "./message-port.ts";

/** The part of a window that a channel uses: a frame's, the parent's, the opener's. */
export interface WindowLike {
  /** Sends a message to the window's document, if the document has that origin. */
  postMessage(message: unknown, targetOrigin: string, transfer: never): void;
}

interface WindowEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly source?: unknown;
  readonly origin?: string | undefined;
}

interface Scope {
  addEventListener(type: string, listener: (event: WindowEvent) => void): void;
  removeEventListener(type: string, listener: (event: WindowEvent) => void): void;
}

function checkOrigin(origin: unknown): string {
  if (origin === "null") return origin;
  try {
    if (typeof origin === "string" && new URL(origin).origin === origin) return origin;
  } catch {
    // no URL
  }
  const detail =
    'origin must be an origin such as "https://example.org", or "null" for a sandboxed frame, ' +
    `not ${show(origin)}`;
  throw new ImsgError("EINVAL", { syscall: "imsgbuf_init", detail });
}

/**
 * Makes a port of another window: messages are posted to its origin only, and
 * only messages of that window and origin arrive. The origin "null" stands for
 * every opaque one. Throws EINVAL for a bad window or origin, ERR_IMSG_UNSUPPORTED
 * where there is no window.
 * @param scope the global scope, whose `message` events the other window causes
 */
export function windowPort(
  target: WindowLike,
  origin: string,
  scope: Scope = globalThis as unknown as Scope,
): MessagePortLike {
  const peerOrigin = checkOrigin(origin);
  if (typeof (fieldsOf(target) as Partial<WindowLike>).postMessage !== "function") {
    const detail = "a channel needs the window of a frame, or another window";
    throw new ImsgError("EINVAL", { syscall: "imsgbuf_init", detail });
  }
  if (typeof scope.addEventListener !== "function") {
    throw new ImsgError("ERR_IMSG_UNSUPPORTED", { detail: "this program has no window" });
  }
  const filters = new Map<PortListener, (event: WindowEvent) => void>();
  return {
    // there is no way to post to an opaque origin only
    postMessage: (message, transfer) =>
      target.postMessage(message, peerOrigin === "null" ? "*" : peerOrigin, transfer),
    addEventListener(type, listener) {
      const filter = (event: WindowEvent): void => {
        if (event.source === target && event.origin === peerOrigin) listener(event);
      };
      filters.set(listener, filter);
      scope.addEventListener(type, filter);
    },
    removeEventListener(type, listener) {
      const filter = filters.get(listener);
      if (filter !== undefined) scope.removeEventListener(type, filter);
    },
  };
}
