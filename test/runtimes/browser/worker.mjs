// Runs the suite in a worker; the results go to the page by imsg.
import { fromMessagePort } from "imsg-wasm/web";
import { run } from "./run.mjs";

const channel = fromMessagePort(globalThis);
const { data } = await channel.receive();
await run(new TextDecoder().decode(data), (line) =>
  channel.send({ type: 1, data: new TextEncoder().encode(JSON.stringify(line)) }),
);
await channel.end();
