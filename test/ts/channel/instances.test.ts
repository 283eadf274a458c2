import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createInstance,
  defaultInstance,
  Ibuf,
  Imsgbuf,
  type ImsgInstance,
  instantiate,
  Socket,
} from "../../../ts/entry/c.ts";
import { ImsgCodec } from "../../../ts/entry/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { encode } from "../../oracle/reference/codec.ts";

/** A message there and back, through an Imsgbuf and through a codec. */
function works(instance: ImsgInstance): void {
  const socket = new instance.Socket();
  const imsgbuf = instance.Imsgbuf.init(socket);
  imsgbuf.compose({ type: 3, pid: 4, data: new Uint8Array([5, 6]) });
  imsgbuf.flush();
  const [segment] = socket.take();
  expect(segment!.data).toEqual(encode({ type: 3, pid: 4, data: new Uint8Array([5, 6]) }));
  const codec = new ImsgCodec({ instance });
  expect(codec.push(segment!.data)).toMatchObject([{ type: 3, pid: 4 }]);
  codec.dispose();
  imsgbuf.clear();
  socket.close();
  expect(instance.stats().objects).toMatchObject({ batch: 0, imsgbuf: 0, socket: 0 });
}

describe("an instance is made at once", () => {
  test("of the module's bytes, in any container", () => {
    const copy = bytes();
    works(createInstance(copy));
    works(createInstance(Uint8Array.from(copy).buffer));
    works(createInstance(new DataView(copy.buffer, copy.byteOffset, copy.byteLength)));
  });

  test("of a compiled module, more than once, with nothing in common", () => {
    const module = new WebAssembly.Module(bytes());
    const [one, two] = [createInstance(module), createInstance(module)];
    works(one);
    works(two);
    const ibuf = one.Ibuf.open(10);
    expect(one.stats().objects.ibuf).toBe(1);
    expect(two.stats().objects.ibuf).toBe(0);
    const socket = new two.Socket();
    const imsgbuf = two.Imsgbuf.init(socket);
    expect(() => imsgbuf.composeIbuf({ type: 1 }, ibuf)).toThrow(
      expect.objectContaining({ code: "EINVAL" }),
    );
    ibuf.free();
  });

  test("of nothing else", () => {
    for (const wrong of [undefined, null, 7, "imsg.wasm", {}]) {
      expect(() => createInstance(wrong as unknown as Uint8Array<ArrayBuffer>)).toThrow(
        expect.objectContaining({ code: "EINVAL" }),
      );
    }
    expect(() => createInstance(new Uint8Array([1, 2, 3]))).toThrow(
      expect.objectContaining({ code: "ERR_IMSG_COMPILE" }),
    );
  });
});

describe("an instance is fetched", () => {
  let base: string;
  const server = createServer((request, response) => {
    if (request.url === "/missing") response.writeHead(404).end();
    else {
      const type = request.url === "/imsg.wasm" ? "application/wasm" : "text/plain";
      response.writeHead(200, { "content-type": type }).end(bytes());
    }
  });

  beforeAll(
    () =>
      new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", () => {
          base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
          resolve();
        });
      }),
  );

  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  test("from a URL, with any MIME type of the server", async () => {
    works(await instantiate(new URL("/imsg.wasm", base)));
    works(await instantiate(`${base}/imsg.bin`));
  });

  test("from a Response, or a promise of one", async () => {
    works(await instantiate(await fetch(`${base}/imsg.wasm`)));
    works(await instantiate(fetch(`${base}/imsg.wasm`)));
    const headers = { "content-type": "application/wasm" };
    works(await instantiate(new Response(bytes(), { headers })));
  });

  test("from a data: URL", async () => {
    const base64 = Buffer.from(bytes()).toString("base64");
    works(await instantiate(new URL(`data:application/wasm;base64,${base64}`)));
  });

  test("not where there is none", async () => {
    await expect(instantiate(new URL("/missing", base))).rejects.toMatchObject({
      code: "EIO",
      message: expect.stringContaining("HTTP status 404"),
    });
    await expect(instantiate(new URL("http://127.0.0.1:1/"))).rejects.toThrow(TypeError);
  });
});

describe("the default instance", () => {
  test("is what the top-level classes belong to", () => {
    const before = defaultInstance().stats().objects.ibuf;
    const ibuf = Ibuf.open(8);
    expect(defaultInstance().stats().objects.ibuf).toBe(before + 1);
    ibuf.free();
    const socket = new Socket();
    const imsgbuf = Imsgbuf.init(socket);
    expect(imsgbuf).toBeInstanceOf(defaultInstance().Imsgbuf);
    expect(imsgbuf).not.toBeInstanceOf(createInstance(bytes()).Imsgbuf);
    imsgbuf.clear();
    socket.close();
    works(defaultInstance());
    expect(defaultInstance()).toBe(defaultInstance());
  });

  test("is not made before its first use", () => {
    // a process of its own, in which the default instance was not used before
    const program = `
      let made = 0;
      const { Instance } = WebAssembly;
      WebAssembly.Instance = class extends Instance {
        constructor(...args) { super(...args); made++; }
      };
      const { ImsgCodec } = await import("imsg-wasm");
      const { createInstance, Ibuf } = await import("imsg-wasm/c");
      const counts = [made];
      new ImsgCodec().dispose();
      counts.push(made);
      Ibuf.open(1).free();
      new ImsgCodec().dispose();
      counts.push(made);
      console.log(counts.join(" "));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", program],
      { cwd: fileURLToPath(new URL("../../..", import.meta.url)), encoding: "utf8" },
    );
    expect(stderr).toBe("");
    expect(stdout.trim()).toBe("0 1 1");
  });
});
