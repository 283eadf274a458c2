import { concat, equal, fails, numbers, payload, sameBytes, sameMessage } from "../check.mjs";

const SIZES = [0, 1, 15, 16, 255, 4096, 16368];

const make = (i) => ({ type: i + 1, peerid: 0xffffffff - i, pid: 77, data: payload(i, SIZES[i]) });

export const codec = [
  {
    name: "the codec decodes its own messages, however the bytes are cut",
    run({ imsg }) {
      const messages = SIZES.map((_, i) => make(i));
      const encoder = new imsg.ImsgCodec();
      const bytes = encoder.encodeAll(messages);
      sameBytes(bytes.subarray(0, 16), numbers(1, 16, 0xffffffff, 77), "the first header");
      for (const step of [1, 7, 16, 1000, 4099, bytes.length]) {
        const decoder = new imsg.ImsgCodec({ copy: true });
        const received = [];
        for (let at = 0; at < bytes.length; at += step) {
          received.push(...decoder.push(bytes.slice(at, at + step)));
        }
        decoder.end();
        equal(received.length, messages.length, `messages in pieces of ${step}`);
        for (const [i, message] of messages.entries()) sameMessage(received[i], message);
        decoder.dispose();
      }
      encoder.dispose();
    },
  },
  {
    name: "the codec delivers the messages before a bad header, then ERANGE for good",
    async run({ imsg }) {
      const codec = new imsg.ImsgCodec();
      const good = codec.encode(make(1));
      const received = codec.push(concat([good, good, numbers(1, 15, 0, 0)]));
      equal(received.length, 2, "messages");
      await fails(() => codec.push(good), "ERANGE", "push");
      await fails(() => codec.end(), "ERANGE", "end");
      const other = new imsg.ImsgCodec();
      const error = await fails(() => other.push(numbers(1, 16385, 0, 0)), "ERANGE", "push");
      equal(error instanceof imsg.ImsgError, true, "an ImsgError");
      equal(error.errno, 34, "errno");
      equal(error.syscall, "imsgbuf_read", "syscall");
    },
  },
  {
    name: "the codec distinguishes a cut message from a clean end",
    async run({ imsg }) {
      const codec = new imsg.ImsgCodec();
      const bytes = codec.encode(make(4));
      codec.push(bytes);
      codec.end();
      for (const cut of [1, 15, 16, bytes.length - 1]) {
        const other = new imsg.ImsgCodec();
        equal(other.push(bytes.slice(0, cut)).length, 0, "messages");
        await fails(() => other.end(), "ERR_IMSG_TRUNCATED", `end after ${cut} bytes`);
      }
    },
  },
  {
    name: "the codec refuses values that do not fit a header",
    async run({ imsg }) {
      const codec = new imsg.ImsgCodec();
      await fails(() => codec.encode({ type: -1 }), "EINVAL");
      await fails(() => codec.encode({ type: 2 ** 32 }), "EINVAL");
      await fails(() => codec.encode({ type: 1, data: "text" }), "EINVAL");
      await fails(() => codec.encode({ type: 1, data: new Uint8Array(16369) }), "ERANGE");
    },
  },
  {
    name: "decoder and encoder streams carry messages",
    async run({ imsg }) {
      const encoder = new imsg.ImsgEncoderStream();
      const decoded = encoder.readable.pipeThrough(new imsg.ImsgDecoderStream());
      const writer = encoder.writable.getWriter();
      const writing = (async () => {
        for (const i of SIZES.keys()) await writer.write(make(i));
        await writer.close();
      })();
      const reader = decoded.getReader();
      for (const i of SIZES.keys()) sameMessage((await reader.read()).value, make(i));
      equal((await reader.read()).done, true, "the end");
      await writing;
    },
  },
];
