import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { CREDIT_PROTOCOL } from "../../transports/credit.ts";
import { UsageError } from "../status.ts";
import { PROTOCOL, TOKEN_PREFIX } from "./websocket.ts";

/** The reason why a request is refused. */
export interface Refusal {
  /** The HTTP status. */
  status: 400 | 401 | 403 | 404 | 503;
  why: string;
  /** Whether the token was wrong: the answer is delayed then, against guessing. */
  guess?: true;
}

/** The rules by which the relay admits clients. */
export interface Admission {
  /** The host of --listen, such as 127.0.0.1 or localhost; undefined for a Unix socket. */
  host: string | undefined;
  /** The scheme of the relay's own pages: with a certificate of its own it is https. */
  scheme: "http:" | "https:";
  /** Origins besides the relay's own, normalised by {@link parseOrigin}. */
  allowOrigins: readonly string[];
  /** The path that a client's URL must have. */
  path?: string;
  token?: string;
}

/** An origin as browsers write it. Throws a {@link UsageError} for text that matches none. */
export function parseOrigin(text: string): string {
  if (text === "null") return text;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = /^https?:\/\/[^\s*/?#@\\]+\/?$/i.test(text);
  if (plain && url !== undefined && url.host !== "") return url.origin;
  throw new UsageError(
    `${text}: an origin is such as https://lg.example.net or http://[::1]:8080, with no *, user, path or query`,
  );
}

/** A path of URLs, as clients send it. Throws a {@link UsageError} for text that matches none. */
export function parsePath(text: string): string {
  const base = "http://relay";
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (text.startsWith("/") && url?.href === base + text && url.pathname === text) return text;
  throw new UsageError(`${text}: a path is such as /relay, as it stands in a URL, without a query`);
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
  const { scheme, allowOrigins, path, token } = admission;
  const header = hostOf(request);
  // of several Host headers Node takes the first, and a proxy may have checked another one
  if (header === undefined) return { status: 400, why: "there must be one Host header" };
  const own = admission.host !== undefined && isOwn(header, request, admission.host, scheme);
  // a page that rebinds its name to our address sends its own name as Host
  const named = (origin: string): boolean =>
    origin !== "null" && urlOf(header, new URL(origin).protocol)?.origin === origin;
  // no name can be rebound to a Unix socket
  if (!own && admission.host !== undefined && !allowOrigins.some(named)) {
    return { status: 403, why: "the Host is not this relay's" };
  }
  const { origin } = request.headers;
  // browsers always send Origin, other programs need not
  if (origin !== undefined && !(own && origin === urlOf(header, scheme)?.origin)) {
    if (!allowOrigins.includes(origin)) return { status: 403, why: "the Origin is not allowed" };
  }
  if (path !== undefined && request.url?.replace(/\?.*$/s, "") !== path) {
    return { status: 404, why: "there is no relay at this path" };
  }
  if (token !== undefined) {
    const offered = tokenOf(request.headers["sec-websocket-protocol"]);
    if (offered === undefined) return { status: 401, why: "a token is needed" };
    if (!equal(offered, token)) return { status: 401, why: "the token is wrong", guess: true };
  }
  return undefined;
}

/**
 * Which of the protocols that a client offers the relay answers with: that with
 * credit, if it is there, and never the token.
 */
export function chooseProtocol(offered: ReadonlySet<string>): string | false {
  return [CREDIT_PROTOCOL, PROTOCOL].find((name) => offered.has(name)) ?? false;
}

/** The one Host header of a request. */
function hostOf({ headersDistinct }: IncomingMessage): string | undefined {
  const hosts = headersDistinct.host ?? [];
  return hosts.length === 1 ? hosts[0] : undefined;
}

/** A Host header as the URL of a scheme: the scheme's default port is no port. */
function urlOf(header: string, scheme: string): URL | undefined {
  if (!/^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(header)) return undefined;
  const text = `${scheme}//${header}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/**
 * Whether a Host is the relay's own: the address that the connection came to,
 * the name of --listen, or localhost for a loopback
 * address; with the right port. Addresses cannot be rebound, names can.
 */
function isOwn(
  header: string,
  { socket }: IncomingMessage,
  listening: string,
  scheme: Admission["scheme"],
): boolean {
  const host = urlOf(header, scheme);
  if (host === undefined) return false;
  const port = Number(host.port || { "http:": 80, "https:": 443 }[scheme]);
  if (port !== socket.localPort) return false;
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

/** Compares in a time that depends neither on where they differ nor on the length. */
function equal(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(one!, other!);
}
