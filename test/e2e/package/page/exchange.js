import { ImsgChannel, ImsgCodec } from "imsg-wasm";

/** Encodes, decodes, and sends a message there and back over two channels. */
export async function exchange(instance) {
  const codec = new ImsgCodec({ pid: 9, instance });
  const bytes = codec.encode({ type: 1, peerid: 2, data: new TextEncoder().encode("coded") });
  const [decoded] = codec.push(bytes);

  const there = new TransformStream();
  const back = new TransformStream();
  const near = new ImsgChannel({ readable: back.readable, writable: there.writable }, { instance });
  const far = new ImsgChannel({ readable: there.readable, writable: back.writable }, { instance });
  const echo = async () => {
    for await (const m of far) await far.send({ type: m.type + 1, peerid: m.peerid, data: m.data });
    await far.end();
  };
  const echoed = echo();
  await near.send({ type: 13, peerid: 7, data: new TextEncoder().encode("hello") });
  const reply = await near.receive();
  await near.end();
  await echoed;
  await Promise.all([near.closed, far.closed]);

  const text = (m) => [m.type, m.peerid, new TextDecoder().decode(m.data)];
  return { length: bytes.length, decoded: [...text(decoded), decoded.pid], reply: text(reply) };
}

/** Writes what became of it into the page. */
export async function show(result) {
  const output = document.querySelector("output");
  try {
    output.textContent = JSON.stringify({ result: await result });
  } catch (error) {
    const { name, code, message, cause } = error;
    output.textContent = JSON.stringify({ name, code, message, cause: cause?.name });
  }
}
