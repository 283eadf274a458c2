import { createServer, connect as netConnect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { socketPair } from "../../helpers/pair.ts";
import { type Pair, transportContract } from "./contract.ts";

/** Both ends of a TCP connection. */
async function tcpPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const { port } = server.address() as { port: number };
  const ours = netConnect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const theirs = await accepted;
  server.close();
  return [ours, theirs];
}

/** One of two streams that are connected to each other and hold one piece each way. */
class Half extends Duplex {
  other!: Half;
  #taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.other.#taken = done;
    this.other.push(chunk);
  }

  override _final(done: () => void): void {
    this.other.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished || error !== null) this.other.destroy(error ?? undefined);
    done(error);
  }
}

function halves(): [Half, Half] {
  const [a, b] = [new Half(), new Half()];
  [a.other, b.other] = [b, a];
  return [a, b];
}

const transports = ([a, b]: [Duplex, Duplex], vanish?: () => void): Pair => ({
  a: duplexTransport(a),
  b: duplexTransport(b),
  ...(vanish === undefined ? {} : { vanish }),
});

transportContract(
  "a TCP socket of Node's",
  async () => {
    const ends = await tcpPair();
    return transports(ends, () => ends[1].destroy());
  },
  { vanishes: true, abortFails: true, keepsArrived: true },
);

transportContract(
  "a Unix socket of Node's",
  async () => {
    const ends = await socketPair();
    return transports(ends, () => ends[1].destroy());
  },
  // not keepsSent: Node does not report how much of a piece it has written
  { vanishes: true, seesGone: true, keepsArrived: true },
);

transportContract("a pair of Node's streams", () => transports(halves()), { abortFails: true });
