// The page: runs the suite itself, or has a worker run it, which tells what
// happened by imsg.
import { fromMessagePort } from "imsg-wasm/web";
import { run } from "./run.mjs";

const relay = new URL("/", location.href.replace(/^http/, "ws")).href;
const query = new URLSearchParams(location.search);
const lines = [];
if (query.get("where") === "worker") {
  const worker = new Worker("worker.js", { type: "module" });
  worker.onerror = (event) => lines.push({ name: "worker", ok: false, error: event.message });
  const channel = fromMessagePort(worker);
  await channel.send({ type: 1, data: new TextEncoder().encode(relay) });
  await channel.end();
  for await (const { data } of channel) lines.push(JSON.parse(new TextDecoder().decode(data)));
} else {
  await run(relay, (line) => lines.push(line));
}
await fetch(`/report/${query.get("name")}`, { method: "POST", body: JSON.stringify(lines) });
