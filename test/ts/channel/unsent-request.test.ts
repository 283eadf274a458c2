import { expect, it } from "vitest";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { TransportSink } from "../../../ts/channel/transport.ts";
import { ImsgError } from "../../../ts/module/error.ts";

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
