import type { ImsgInstance } from "../../../ts/c/index.ts";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { TransportSink } from "../../../ts/channel/transport.ts";

/** A channel whose transport does nothing by itself: the benchmark passes chunks to the sink. */
export function idleChannel(instance: ImsgInstance): { channel: ImsgChannel; sink: TransportSink } {
  let sink!: TransportSink;
  const transport = {
    start: (to: TransportSink) => {
      sink = to;
    },
    send: () => true,
    pause() {},
    resume() {},
    end() {},
    close() {},
    abort() {},
  };
  return { channel: new ImsgChannel(transport, { instance }), sink };
}
