import { cString, defineProtocol, empty, type Messages, raw } from "../../protocol/index.ts";
import { internal68, internal74 } from "./internal.ts";
import {
  EnvelopeId,
  Found,
  MessageId,
  MessageIds,
  RouteId,
  StatDigest,
  StatKv,
  Status,
  Tracing,
} from "./structures.ts";

const VERSION = 16;

function refusal(_payload: Uint8Array, { peerid }: { peerid: number }): string {
  if (peerid === 0 || peerid === VERSION) return "smtpd refused the request";
  return `smtpd speaks version ${peerid} of its protocol, this client ${VERSION}`;
}

const nothing = (payload: string | Uint8Array): boolean => payload.length === 0;

/** The control socket, the same in 6.8 and 7.4. */
const control = {
  OK: { type: 1, receive: raw, note: "SMTP_SESSION: with a descriptor" },
  FAIL: { type: 2, receive: raw, failure: refusal },
  GET_DIGEST: { type: 3, send: empty, receive: StatDigest, reply: "GET_DIGEST" },
  GET_STATS: { type: 4, send: StatKv, receive: StatKv, reply: "GET_STATS" },
  LIST_MESSAGES: { type: 5, send: MessageId, receive: MessageIds, reply: "LIST_MESSAGES" },
  LIST_ENVELOPES: {
    type: 6,
    send: EnvelopeId,
    receive: raw,
    lists: "LIST_ENVELOPES",
    last: nothing,
  },
  MTA_SHOW_HOSTS: {
    type: 7,
    send: empty,
    receive: cString,
    lists: "MTA_SHOW_HOSTS",
    last: nothing,
  },
  MTA_SHOW_RELAYS: {
    type: 8,
    send: empty,
    receive: cString,
    lists: "MTA_SHOW_RELAYS",
    last: nothing,
  },
  MTA_SHOW_ROUTES: {
    type: 9,
    send: empty,
    receive: cString,
    lists: "MTA_SHOW_ROUTES",
    last: nothing,
  },
  MTA_SHOW_HOSTSTATS: {
    type: 10,
    send: empty,
    receive: cString,
    lists: "MTA_SHOW_HOSTSTATS",
    last: nothing,
  },
  MTA_BLOCK: { type: 11, send: raw, reply: "OK" },
  MTA_UNBLOCK: { type: 12, send: raw, reply: "OK" },
  MTA_SHOW_BLOCK: {
    type: 13,
    send: empty,
    receive: cString,
    lists: "MTA_SHOW_BLOCK",
    last: nothing,
  },
  PAUSE_MDA: { type: 15, send: empty, reply: "OK" },
  PAUSE_MTA: { type: 16, send: empty, reply: "OK" },
  PAUSE_SMTP: { type: 17, send: empty, reply: "OK" },
  PROFILE_DISABLE: { type: 19, send: Tracing, reply: "OK" },
  PROFILE_ENABLE: { type: 20, send: Tracing, reply: "OK" },
  RESUME_MDA: { type: 22, send: empty, reply: "OK" },
  RESUME_MTA: { type: 23, send: empty, reply: "OK" },
  RESUME_SMTP: { type: 24, send: empty, reply: "OK" },
  RESUME_ROUTE: { type: 25, send: RouteId, reply: "OK" },
  REMOVE: { type: 26, send: EnvelopeId, reply: "OK" },
  SCHEDULE: { type: 27, send: EnvelopeId, reply: "OK" },
  SHOW_STATUS: { type: 28, send: empty, receive: Status, reply: "SHOW_STATUS" },
  TRACE_DISABLE: { type: 29, send: Tracing, reply: "OK" },
  TRACE_ENABLE: { type: 30, send: Tracing, reply: "OK" },
  UPDATE_TABLE: { type: 31, send: cString, reply: "OK" },
  VERBOSE: { type: 32, send: Tracing, reply: "OK" },
  DISCOVER_EVPID: { type: 33, send: EnvelopeId, receive: Found, reply: "DISCOVER_EVPID" },
  DISCOVER_MSGID: { type: 34, send: MessageId, receive: Found, reply: "DISCOVER_MSGID" },
  SMTP_SESSION: { type: 35, send: empty, reply: "OK" },
} as const satisfies Messages;

const shared = { dialect: "classic", peerid: VERSION } as const;

/** OpenSMTPD 6.8's control socket, and the names of the messages between its processes. */
export const smtpd68 = defineProtocol({
  ...shared,
  name: "smtpd",
  version: "OpenSMTPD 6.8",
  messages: { ...control, ...internal68 },
});

/** The same of OpenSMTPD 7.4 to 7.6, whose processes number their messages otherwise. */
export const smtpd74 = defineProtocol({
  ...shared,
  name: "smtpd74",
  version: "OpenSMTPD 7.4",
  messages: { ...control, ...internal74 },
});

export * from "./structures.ts";
