// The ways to a further instance: workerd has only that of a compiled module.

import { equal, fails, payload, sameMessage } from "../check.mjs";

function works(imsg, instance) {
  equal(instance === imsg.defaultInstance(), false, "the default instance");
  const codec = new imsg.ImsgCodec({ instance });
  const message = { type: 9, peerid: 1, pid: 2, data: payload(0, 100) };
  sameMessage(codec.push(codec.encode(message))[0], message);
  codec.dispose();
}

const bytesOf = async (wasm) => new Uint8Array(await (await fetch(wasm)).arrayBuffer());

/** For runtimes that compile. */
export const compiling = [
  {
    name: "an instance is made of the module's bytes",
    async run({ imsg, wasm }) {
      works(imsg, imsg.createInstance(await bytesOf(wasm)));
    },
  },
  {
    name: "an instance is made of a compiled module",
    async run({ imsg, wasm }) {
      works(imsg, imsg.createInstance(await WebAssembly.compile(await bytesOf(wasm))));
    },
  },
  {
    name: "an instance is made of a fetched module, by URL or as a Response",
    async run({ imsg, wasm }) {
      works(imsg, await imsg.instantiate(wasm));
      works(imsg, await imsg.instantiate(wasm.href));
      works(imsg, await imsg.instantiate(fetch(wasm)));
      await fails(() => imsg.instantiate(new URL("/nothing", wasm)), "EIO", "a missing file");
    },
  },
];

/** For runtimes that can only import compiled modules. */
export const importing = [
  {
    name: "an instance is made of an imported module",
    run({ imsg, module }) {
      works(imsg, imsg.createInstance(module));
    },
  },
  {
    name: "the module's bytes are refused",
    async run({ imsg, wasm }) {
      const bytes = await bytesOf(wasm);
      const error = await fails(() => imsg.createInstance(bytes), undefined, "createInstance");
      equal(error.code, "ERR_IMSG_COMPILE", "the error");
      await fails(() => imsg.instantiate(wasm), undefined, "instantiate");
    },
  },
];
