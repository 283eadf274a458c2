// The suite in a worker, which lists its cases by imsg, runs each at a request,
// and replies with the error of a failed one.
import { fromMessagePort } from "imsg-wasm/web";
import { inject } from "vitest";
import { register } from "./register.mjs";

const encode = (text) => new TextEncoder().encode(text);
const decode = (data) => new TextDecoder().decode(data);

const worker = new Worker(new URL("./worker.mjs", import.meta.url), { type: "module" });
const channel = fromMessagePort(worker, { maxSize: 65536 });
worker.onerror = ({ message }) => channel.abort(new Error(`the worker fails: ${message}`));

const { data } = await channel.request({ type: 1, data: encode(inject("relay")) });
const { names, absent } = JSON.parse(decode(data));
for (const [i, name] of names.entries()) {
  register(name, absent, async () => {
    const outcome = await channel.request({ type: 2, peerid: i + 1 });
    if (outcome.data.length > 0) throw new Error(decode(outcome.data));
  });
}
