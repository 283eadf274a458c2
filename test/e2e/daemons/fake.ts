// A server that speaks bgpd's protocol: it sends replies that no bgpd here sends, and records requests.

import { join } from "node:path";
import { listen } from "../../../ts/entry/node.ts";
import { bgpd } from "../../../ts/protocols/bgpd/index.ts";
import { output, temporaryFolder } from "./program.ts";

const { messages } = bgpd;
type Name = keyof typeof messages;

/** A message without its header. */
export interface Body {
  type: number;
  data: Uint8Array;
}

/** The messages that a client has sent. */
export interface Request {
  name: string;
  peerid: number;
  value: unknown;
}

/** The running server. */
export interface FakeBgpd {
  readonly socket: string;
  /** The replies to each type of request. */
  readonly answers: Map<number, Body[]>;
  /** The decoded messages of a client, until it has closed its connection. */
  requestsOf(run: () => Promise<unknown>): Promise<Request[]>;
  /** Runs bgpctl on the socket. */
  bgpctl(...args: string[]): ReturnType<typeof output>;
  stop(): Promise<void>;
}

/** The end of a listing. */
export const END: Body = { type: messages.END.type, data: new Uint8Array() };

/** A body by the value of its payload. */
export const body = (name: Name, value: unknown): Body => ({
  type: messages[name].type,
  data: bgpd.encode(name, value, "receive"),
});

/** Starts the server, which answers the client's first questions as bgpd 8.8 does. */
export async function startFake(): Promise<FakeBgpd> {
  const folder = await temporaryFolder();
  const socket = join(folder.path, "sock");
  const requests: Request[] = [];
  const connections = { begun: 0, ended: 0 };
  const answers = new Map<number, Body[]>([
    [messages.SHOW_RIB_MEM.type, [body("SHOW_RIB_MEM", {})]],
    [messages.SHOW_RIB_PREFIX.type, [END]],
  ]);
  const server = await listen(
    { path: socket },
    async (channel) => {
      connections.begun++;
      for await (const message of channel) {
        const { type, pid, peerid } = message;
        const { name = `type ${type}`, payload: value } = bgpd.decode<"server">(message, "send");
        requests.push({ name, peerid, value });
        for (const answer of answers.get(type) ?? []) await channel.send({ ...answer, pid });
      }
      connections.ended++;
    },
    { maxSize: bgpd.maxSize },
  );
  return {
    socket,
    answers,
    bgpctl: (...args) => output("/usr/sbin/bgpctl", ["-s", socket, ...args]),
    async requestsOf(run) {
      requests.length = 0;
      const { begun } = connections;
      await run();
      const isOver = (): boolean =>
        connections.begun > begun && connections.ended === connections.begun;
      for (let tries = 0; tries < 500 && !isOver(); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return [...requests];
    },
    async stop() {
      await server.close();
      await folder.remove();
    },
  };
}
