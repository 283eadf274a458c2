import { createInstance } from "../../../ts/c/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { type Timed, timePasses } from "./measure.ts";

const WINDOW = 65520;

/** The sum of the header words that were read: the engine must not leave out reading them. */
export let sink = 0;

/** The C side in WebAssembly alone: the same calls as the native program with our core. */
export function moduleSide(what: "decode" | "encode", payload: number, chunk: number): Timed {
  const { exports, memory } = createInstance(bytes()).engine;
  const batch = exports.batch_open(131072, 1, 0);
  const window = exports.batch_window();
  const result = exports.batch_result() >> 2;
  const headers = exports.batch_headers() >> 2;
  const length = payload + 16;

  const stream = new Uint8Array(Math.max(1, Math.floor((1 << 20) / length)) * length);
  const view = new DataView(stream.buffer);
  for (let at = 0; at < stream.length; at += length) {
    view.setUint32(at, 7, true);
    view.setUint32(at + 4, length, true);
    view.setUint32(at + 8, 8, true);
    view.setUint32(at + 12, 9, true);
    stream.fill(0x5a, at + 16, at + length);
  }
  const decode = (): number => {
    let messages = 0;
    for (let at = 0, n = 0; at < stream.length; at += n) {
      n = Math.min(chunk, WINDOW, stream.length - at);
      memory.u8.set(stream.subarray(at, at + n), window);
      exports.batch_read(batch, n, -1);
      const words = memory.u32;
      const count = words[result]!;
      for (let i = 0, w = headers; i < count; i++, w += 4) {
        sink = (sink + words[w]! + words[w + 1]!) | 0; // an integer, as natively
      }
      messages += count;
      exports.batch_release();
    }
    return messages;
  };
  const count = Math.max(1, Math.floor(Math.min(chunk, WINDOW) / length));
  // composing leaves the messages as they are
  const fill = (): void => {
    memory.u8.set(stream.subarray(0, count * length), window);
  };
  if (what === "encode") fill();
  const encode = (): number => {
    exports.batch_compose(batch, count, 1);
    return count;
  };
  return {
    name: "C in WebAssembly",
    round: (ms) => timePasses(what === "decode" ? decode : encode, ms),
  };
}
