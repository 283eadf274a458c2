import { type BunSocket, type BunSocketHandler, BunTransport } from "../../../ts/transports/bun.ts";

/** Callbacks for `Bun.connect` and `Bun.listen` that make a transport of each socket. */
export function bunHandler(opened: (transport: BunTransport) => void): BunSocketHandler {
  const of = (socket: BunSocket): BunTransport => {
    socket.data ??= new BunTransport(socket);
    return socket.data as BunTransport;
  };
  return {
    open: (socket) => opened(of(socket)),
    data: (socket, chunk) => of(socket).onData(chunk),
    drain: (socket) => of(socket).onDrain(),
    end: (socket) => of(socket).onEnd(),
    close: (socket, error) => of(socket).onClose(error),
    error: (socket, error) => of(socket).onClose(error),
  };
}
