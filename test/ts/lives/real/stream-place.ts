import { streamTransport } from "../../../../ts/channel/streams.ts";
import { streams } from "../../transports/stream-pair.ts";
import { End } from "./end.mjs";
import { type Order, Remote } from "./remote.ts";
import type { Place } from "./session.ts";

/** A peer in this program, at the other end of streams. */
class StreamsRemote extends Remote {
  #end = new End((numbers) => this.counted(numbers));

  async start(): Promise<void> {
    this.#end = new End((numbers) => this.counted(numbers));
  }

  /** Connects it with its end of a connection. */
  connect(
    readable: ReadableStream<Uint8Array>,
    writable: WritableStream<Uint8Array<ArrayBuffer>>,
  ): void {
    const end = this.#end;
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    const ignore = (): void => {};
    let wake = ignore;
    let stopped = false;
    let current = true;
    writer.closed.catch(ignore);
    end.opened({
      write: (bytes) => void writer.write(bytes).catch(ignore),
      end: () => void writer.close().catch(ignore),
      reset() {
        current = false;
        writer.abort(new Error("the peer resets the streams")).catch(ignore);
        reader.cancel(new Error("the peer resets the streams")).catch(ignore);
      },
      close() {
        current = false;
        writer.close().catch(ignore);
        reader.cancel().catch(ignore);
      },
      consumed: ignore,
      hold(hold) {
        stopped = hold;
        wake();
      },
    });
    const readAll = async (): Promise<void> => {
      while (current) {
        while (stopped && current) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const { value, done } = await reader.read();
        if (!current) return;
        if (done) break;
        end.received(value);
      }
      end.peerEnded();
    };
    readAll().catch(() => {
      if (current) end.gone(true);
    });
  }

  protected post({ command, number, bytes }: Order): void {
    this.#end.obey(command, number, bytes);
  }

  protected async end(): Promise<void> {
    this.#end.obey("r");
  }
}

/** Streams of this program: the channel has one end of each. */
export async function streamPlace(): Promise<Place> {
  const remote = new StreamsRemote();
  const all = new Set<{ readonly locked: boolean }>();
  return {
    remote,
    nature: { seesGone: true, lingers: false, tellsResets: true },
    async connect() {
      const [ours, theirs] = streams();
      all.add(ours.readable).add(ours.writable);
      remote.connect(theirs.readable, theirs.writable);
      return streamTransport(ours);
    },
    open() {
      for (const stream of all) if (!stream.locked) all.delete(stream);
      return { locked: all.size };
    },
    stop: () => remote.stop(),
  };
}
