import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { UsageError } from "../status.ts";
import { PROTOCOL, TOKEN_PREFIX } from "./websocket.ts";

/** Why a request does not become a connection. */
export interface Refusal {
  /** The HTTP status. */
  status: 400 | 401 | 403 | 503;
  why: string;
}

/** Who may connect. */
export interface Admission {
  /** The host that was asked for when listening, such as 127.0.0.1 or localhost. */
  host: string;
  /** Origins besides the relay's own, normalised by {@link parseOrigin}. */
  allowOrigins: readonly string[];
  token?: string;
}

/** An origin as browsers write it; throws a {@link UsageError} for what is none. */
export function parseOrigin(text: string): string {
  if (text === "null") return text;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.host !== "" && /^https?:$/.test(url.protocol)) {
    const { origin } = url;
    if (text.toLowerCase().replace(/\/$/, "") === origin || url.pathname === "/") return origin;
  }
  throw new UsageError(`${text}: an origin is such as https://lg.example.net or http://[::1]:8080`);
}

/** A token that can travel in Sec-WebSocket-Protocol. */
export function parseToken(text: string): string {
  if (/^[\w!#$%&'*+.^`|~-]{8,}$/.test(text)) return text;
  // not the text itself: this goes to terminals and logs
  throw new UsageError(
    "a token has at least 8 characters, letters, digits and !#$%&'*+-.^_`|~ (try `openssl rand -hex 16`)",
  );
}

/** The reason to refuse a request, if there is one. */
export function refusalOf(request: IncomingMessage, admission: Admission): Refusal | undefined {
  const host = hostOf(request.headers.host);
  const own = host !== undefined && isOwn(host, request, admission.host);
  const named = admission.allowOrigins.filter((name) => name !== "null");
  // a page that rebinds its name to our address sends its own name as Host
  if (!own && !named.some((name) => new URL(name).host === host?.host)) {
    return { status: 403, why: "the Host is not this relay's" };
  }
  const { origin } = request.headers;
  // only browsers send it, and they always do: without it, it is no web page
  if (origin !== undefined && !(own && origin === `http://${host.host}`)) {
    if (!admission.allowOrigins.includes(origin)) {
      return { status: 403, why: "the Origin is not allowed" };
    }
  }
  if (admission.token !== undefined) {
    const offered = tokenOf(request.headers["sec-websocket-protocol"]);
    if (offered === undefined) return { status: 401, why: "a token is needed" };
    if (!equal(offered, admission.token)) return { status: 401, why: "the token is wrong" };
  }
  return undefined;
}

/** Which of the protocols that a client offers the relay answers with: never the token. */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return offered.has(PROTOCOL) && PROTOCOL;
}

/** A Host header, normalised as URLs are. */
function hostOf(header: string | undefined): URL | undefined {
  if (header === undefined || !/^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(header)) {
    return undefined;
  }
  return URL.canParse(`http://${header}`) ? new URL(`http://${header}`) : undefined;
}

/**
 * Whether a host is the relay's own: the address that the connection came to,
 * the name the relay was told to listen on, or localhost for a loopback
 * address; with the right port. Addresses cannot be rebound, names can.
 */
function isOwn(host: URL, { socket }: IncomingMessage, listening: string): boolean {
  if (Number(host.port || 80) !== socket.localPort) return false;
  const address = (socket.localAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  const literal = address.includes(":") ? `[${address}]` : address;
  const names = [literal, listening.includes(":") ? `[${listening}]` : listening.toLowerCase()];
  if (/^127\.|^\[::1\]$/.test(literal)) names.push("localhost");
  return names.includes(host.hostname);
}

function tokenOf(protocols: string | undefined): string | undefined {
  const offered = (protocols ?? "").split(",").map((name) => name.trim());
  return offered.find((name) => name.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length);
}

/** Compares in a time that tells nothing about where they differ, nor about the length. */
function equal(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(one!, other!);
}
