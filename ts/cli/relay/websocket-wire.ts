import { WebSocket } from "ws";
import { CREDIT_PROTOCOL } from "../../transports/credit.ts";
import { printable } from "../status.ts";
import { CloseCode, Closing } from "./closing.ts";
import { ClientCredit } from "./credit.ts";
import { drop } from "./garbage.ts";
import { MARK, Room, type Wire } from "./wire.ts";

/** Close codes of a peer that has ended without an error: normal, going away, none given. */
const CLEAN = new Set([1000, 1001, 1005]);

/**
 * A wire over a WebSocket of the library ws. Binary frames carry the bytes, cut
 * anywhere. An empty frame ends a side. Frames that are written have at most
 * `longest` bytes. Under the subprotocol imsg.credit, text frames are credit, and
 * a peer is stopped by it; without, the WebSocket is paused, and text frames are
 * refused.
 */
export function webSocketWire(socket: WebSocket, longest = 1 << 20): Wire {
  const room: Room = new Room(() => socket.bufferedAmount <= MARK && credit?.available !== false);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let over = false;
  const credit =
    socket.protocol === CREDIT_PROTOCOL
      ? new ClientCredit((text) => {
          if (!over && socket.readyState === WebSocket.OPEN) socket.send(text, () => {});
        })
      : undefined;
  const fail = (error: unknown): void => {
    if (!over) room.sink?.failed(error);
    over = true;
  };
  const end = (): void => {
    if (!over) room.sink?.ended();
    over = true;
  };
  /** Reports a peer that breaks the rules: at once if it has ended, else behind the bytes before. */
  const refuse = (error: unknown): void => {
    if (over) room.sink?.broken(error);
    else room.sink?.failed(error);
    over = true;
  };
  const text = (bytes: Buffer): void => {
    try {
      if (credit === undefined) {
        throw new Closing(CloseCode.unsupported, "text frames are no imsgs");
      }
      credit.earn(bytes);
      room.proceed();
    } catch (error) {
      refuse(error);
    }
  };
  const message = (bytes: Buffer<ArrayBuffer>, isBinary: boolean): void => {
    drop(bytes.length);
    if (room.sink === undefined) return;
    if (!isBinary) text(bytes);
    else if (bytes.length === 0) end();
    else if (over) refuse(new Closing(CloseCode.badData, "bytes came after the end"));
    else if (credit?.spent(bytes.length) === false) {
      const why = "more bytes came than credit was granted for";
      room.sink.broken(new Closing(CloseCode.notAllowed, why));
    } else {
      room.sink.received(bytes);
      credit?.consume(bytes.length);
    }
  };
  socket.on("error", fail);
  return {
    closed,
    lends: false,
    start(to) {
      room.sink = to;
      socket.binaryType = "nodebuffer";
      socket.on("message", message);
      socket.once("close", (code: number, reason: Buffer) => {
        if (CLEAN.has(code)) return end();
        const words = printable(reason.toString());
        const cut = "the WebSocket was cut off";
        fail(new Closing(code, code === 1006 ? cut : `the WebSocket was closed: ${code} ${words}`));
      });
      socket.resume();
      credit?.open(MARK);
    },
    write(bytes, release) {
      if (socket.readyState !== WebSocket.OPEN) {
        release?.();
        return true; // its close is under way
      }
      credit?.spend(bytes.length);
      let at = 0;
      for (; at + longest < bytes.length; at += longest) {
        socket.send(bytes.subarray(at, at + longest), room.sent);
      }
      // frames are sent in order: the last one releases all
      socket.send(at === 0 ? bytes : bytes.subarray(at), room.sentAnd(release));
      return room.left;
    },
    pause: () => (credit === undefined ? socket.pause() : credit.pause()),
    resume: () => (credit === undefined ? socket.resume() : credit.resume()),
    end() {
      if (socket.readyState === WebSocket.OPEN) socket.send(new Uint8Array(0), () => {});
    },
    stop() {
      room.sink = undefined;
      socket.resume(); // a paused WebSocket never sees the closing handshake
    },
    destroy: () => socket.terminate(),
  };
}
