// The two ways to talk to a peer over a Node socket, behind one face so that the same tests can
// run over both: the original's functions on an in-memory socket that is wired to Node's, and the
// channel.
import type { Socket as NodeSocket } from "node:net";
import {
  defaultInstance,
  type Imsgbuf,
  type ImsgInstance,
  type Socket,
} from "../../../ts/entry/c.ts";
import type { MessageInit } from "../../../ts/entry/index.ts";
import { fromSocket } from "../../../ts/entry/node.ts";
import { type Plain, plain } from "./streams.ts";

export interface Connection {
  /** Sends a message; throws or rejects if it cannot be. */
  send(message: MessageInit & { data?: Uint8Array }): Promise<void>;
  /** The next message; undefined at a clean end, else the error. */
  receive(): Promise<Plain | undefined>;
  /** Ends our side. */
  end(): Promise<void>;
  close(): void;
}

export interface ConnectionOptions {
  instance?: ImsgInstance;
  maxSize?: number;
}

export const KINDS = ["Imsgbuf", "ImsgChannel"] as const;
export type Kind = (typeof KINDS)[number];

export function connectionOver(
  kind: Kind,
  socket: NodeSocket,
  options: ConnectionOptions = {},
): Connection {
  return kind === "Imsgbuf"
    ? new ImsgbufConnection(socket, options)
    : new ChannelConnection(socket, options);
}

/** Short enough that one read takes it all, whatever is left of a header. */
const PIECE = 32768;
const EMPTY = new Uint8Array(0);

class ImsgbufConnection implements Connection {
  readonly #node: NodeSocket;
  readonly #socket: Socket;
  readonly #imsgbuf: Imsgbuf;
  readonly #messages: Plain[] = [];
  #over: { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(node: NodeSocket, options: ConnectionOptions) {
    const { instance = defaultInstance(), maxSize } = options;
    this.#node = node;
    this.#socket = new instance.Socket();
    this.#imsgbuf = instance.Imsgbuf.init(this.#socket);
    if (maxSize !== undefined) this.#imsgbuf.setMaxsize(maxSize);
    node.on("data", (chunk) => {
      for (let at = 0; at < chunk.length; at += PIECE) {
        this.#socket.deliver(chunk.subarray(at, at + PIECE));
        this.#read();
      }
    });
    node.on("end", () => {
      this.#socket.deliverEnd();
      this.#read();
    });
    node.on("error", (error) => this.#finish(error));
  }

  #read(): void {
    if (this.#over !== undefined) return;
    let outcome: { error: unknown } | undefined;
    try {
      if (this.#imsgbuf.read() === 0) outcome = { error: undefined };
    } catch (error) {
      outcome = { error };
    }
    for (let imsg = this.#imsgbuf.get(); imsg !== undefined; imsg = this.#imsgbuf.get()) {
      const { type, peerid, pid } = imsg.hdr;
      this.#messages.push(plain({ type, peerid, pid, data: imsg.data ?? EMPTY }));
      imsg.free();
    }
    if (outcome !== undefined) this.#finish(outcome.error);
    this.#wake?.();
  }

  #finish(error: unknown): void {
    this.#over ??= { error };
    this.#wake?.();
  }

  async send(message: MessageInit & { data?: Uint8Array }): Promise<void> {
    this.#imsgbuf.compose(message);
    this.#imsgbuf.flush();
    for (const { data } of this.#socket.take()) this.#node.write(data);
  }

  async receive(): Promise<Plain | undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#over !== undefined) {
        if (this.#over.error !== undefined) throw this.#over.error;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async end(): Promise<void> {
    this.#node.end();
  }

  close(): void {
    this.#node.destroy();
    this.#imsgbuf.dispose();
    this.#socket.close();
  }
}

class ChannelConnection implements Connection {
  readonly #channel: ReturnType<typeof fromSocket>;

  constructor(socket: NodeSocket, options: ConnectionOptions) {
    this.#channel = fromSocket(socket, options);
  }

  send(message: MessageInit): Promise<void> {
    return this.#channel.send(message);
  }

  async receive(): Promise<Plain | undefined> {
    const message = await this.#channel.receive();
    return message === undefined ? undefined : plain(message);
  }

  end(): Promise<void> {
    return this.#channel.end();
  }

  close(): void {
    void this.#channel.abort(new Error("the test is over"));
  }
}
