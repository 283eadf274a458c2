// Makes instances of the packed module, sends a message through each, and prints what one costs:
// bytes of virtual and of resident memory, and milliseconds.
import { readFileSync } from "node:fs";
import { createInstance } from "../../../dist/c.js";
import { ImsgCodec } from "../../../dist/index.js";

const count = Number(process.argv[2]);
const module = new WebAssembly.Module(
  readFileSync(new URL("../../../dist/imsg.wasm", import.meta.url)),
);

/** Bytes of virtual and resident memory of this process. */
function memory() {
  globalThis.gc();
  globalThis.gc();
  const [size, resident] = readFileSync("/proc/self/statm", "utf8").split(" ");
  return { virtual: Number(size) * 4096, resident: Number(resident) * 4096 };
}

function make() {
  const instance = createInstance(module);
  const codec = new ImsgCodec({ instance });
  const [message] = codec.push(codec.encode({ type: 7, data: new Uint8Array(1000) }));
  if (message.data.length !== 1000) throw new Error("an instance does not work");
  codec.dispose();
  return instance;
}

make();
const before = memory();
const began = performance.now();
const instances = Array.from({ length: count }, make);
const ms = (performance.now() - began) / count;
const after = memory();
if (instances.some((instance) => instance.stats().objects.batch !== 0)) throw new Error("leaked");
console.log(
  JSON.stringify({
    virtual: (after.virtual - before.virtual) / count,
    resident: (after.resident - before.resident) / count,
    ms,
  }),
);
