import { type ChannelOptions, ImsgChannel } from "../../../ts/channel/channel.ts";
import type { Passed, Transport, TransportSink } from "../../../ts/channel/transport.ts";

/** The bytes and the value of one `send`. */
export interface Sent {
  bytes: Uint8Array;
  passed: Passed | undefined;
}

/** One end of a pair of transports in memory, which pass any value. */
export class MemoryTransport implements Transport {
  readonly passes = true;
  /** The sent pieces, if the other end is the test's. */
  readonly sent: Sent[] = [];
  /** The calls of the channel. */
  readonly calls: string[] = [];
  /** The result of `send`. */
  room = true;
  other: MemoryTransport | undefined;
  sink!: TransportSink;

  start(sink: TransportSink): void {
    this.sink = sink;
  }

  send(bytes: Uint8Array<ArrayBuffer>, passed?: Passed): boolean {
    if (this.other === undefined) this.sent.push({ bytes, passed });
    else this.other.sink.received(bytes, passed === undefined ? undefined : [passed]);
    return this.room;
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  end(): void {
    this.other?.sink.ended();
  }

  close(): void {
    this.end();
  }

  abort(): void {
    this.calls.push("abort");
  }
}

/** A channel whose other end is the test. */
export function alone(options: ChannelOptions = {}): [ImsgChannel, MemoryTransport] {
  const transport = new MemoryTransport();
  return [new ImsgChannel(transport, { allowFdPass: true, ...options }), transport];
}

/** Two channels that pass values to each other. */
export function together(
  options: ChannelOptions = {},
  others: ChannelOptions = options,
): [ImsgChannel, ImsgChannel] {
  const [one, two] = [new MemoryTransport(), new MemoryTransport()];
  one.other = two;
  two.other = one;
  return [
    new ImsgChannel(one, { allowFdPass: true, ...options }),
    new ImsgChannel(two, { allowFdPass: true, ...others }),
  ];
}

/** A value that records its closing. */
export class Thing {
  readonly name: string;
  readonly log: string[];

  constructor(name: string, log: string[]) {
    this.name = name;
    this.log = log;
  }

  close(): void {
    this.log.push(this.name);
  }
}
