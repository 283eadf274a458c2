import { expect, it } from "vitest";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { TransportSink } from "../../../ts/channel/transport.ts";
import { ImsgError } from "../../../ts/module/error.ts";
import { concat, encode } from "../../oracle/reference/codec.ts";

it("a request that waits for room is rejected when a send fails, while the channel still receives", async () => {
  let sink: TransportSink | undefined;
  const channel = new ImsgChannel({
    start(given) {
      sink = given;
    },
    send: () => false,
    end: () => new Promise(() => {}),
    abort() {},
    close() {},
  });
  void channel.send({ type: 1 });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const request = channel.request({ type: 2 });
  sink!.sendFailed(new ImsgError("EPIPE", { syscall: "write" }));
  const outcome = await Promise.race([
    request.catch((error: ImsgError) => error.code),
    new Promise((resolve) => setTimeout(resolve, 500, "pending")),
  ]);
  expect(outcome).toBe("EPIPE");
  const next = channel.receive();
  sink!.received(Uint8Array.from([7, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  expect((await next)?.type).toBe(7);
  channel.abort();
});

const MARK = 4096;
const COST = 256; // of a message besides its payload

/** Messages that answer nothing, `count` of them a chunk, which fill 16 marks or a little more. */
function* unasked(size: number, count: number, fds: boolean): Generator<[Uint8Array, object[]]> {
  const message = encode({ type: 1, peerid: 0, pid: 1, hasFd: fds, data: new Uint8Array(size) });
  const all = fds ? 32 : Math.ceil((16 * MARK) / (size + COST));
  for (let sent = 0; sent < all; sent += count) {
    const chunk = Uint8Array.from(concat(Array(Math.min(count, all - sent)).fill(message)));
    yield [chunk, fds ? [{}] : []];
  }
}

it.each([
  { size: 0, count: 1, fds: false },
  { size: 1, count: 1, fds: false },
  { size: MARK - COST, count: 1, fds: false },
  { size: MARK, count: 4, fds: false },
  { size: 1000, count: 7, fds: false },
  { size: 16, count: 1000, fds: false },
  { size: 0, count: 1, fds: true },
])(
  "a request is rejected as soon as the transport is stopped for good before its reply ($count messages of $size a chunk, descriptors: $fds)",
  async ({ size, count, fds }) => {
    let sink: TransportSink | undefined;
    let paused = false;
    const channel = new ImsgChannel(
      {
        passes: true,
        start(given) {
          sink = given;
        },
        send: () => true,
        end() {},
        abort() {},
        close() {},
        pause() {
          paused = true;
        },
        resume() {
          paused = false;
        },
      },
      { highWaterMark: MARK, allowFdPass: fds },
    );
    let outcome: unknown = "pending";
    channel.request({ type: 2 }).then(
      () => {
        outcome = "a reply";
      },
      (error: ImsgError) => {
        outcome = error.code;
        expect(error.message).toContain(`${fds ? 32 : 0} of 32 descriptors wait`);
      },
    );
    for (const [chunk, values] of unasked(size, count, fds)) {
      expect(paused).toBe(false);
      sink!.received(
        chunk,
        values.map((value) => ({ value })),
      );
    }
    expect(paused).toBe(true);
    await new Promise((resolve) => setTimeout(resolve));
    expect(outcome).toBe("ERR_IMSG_UNREAD");
    while ((await channel.receiveMany())!.length > 0 && paused);
    const request = channel.request({ type: 3, peerid: 9 });
    sink!.received(encode({ type: 4, peerid: 9, pid: 1, hasFd: false, data: new Uint8Array(0) }));
    expect((await request).type).toBe(4);
    channel.abort();
  },
);
