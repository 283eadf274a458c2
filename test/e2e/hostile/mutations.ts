/** Handshakes and frames for the relay, of which some are broken. */
import { encode } from "../../oracle/reference/codec.ts";
import { seeded } from "../../ts/transports/junk.ts";

/** A whole number from 0 up to but not including the limit. */
export type Random = (limit: number) => number;

/** Numbers that are the same for the same seed. */
export function randomFrom(seed: number): Random {
  const random = seeded(seed);
  return (limit) => Math.floor(random() * limit);
}

/** The types that the relay lets pass: of bgpd, SHOW_NEIGHBOR, SHOW_RIB and SHOW_RIB_MEM. */
export const TYPES = [13, 16, 22] as const;

/** A request for a WebSocket, broken in some way. */
export function handshakeBytes(random: Random, port: number): Buffer {
  const lines = [
    "GET / HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Protocol: imsg",
  ];
  const at = random(lines.length);
  const change = random(6);
  if (change === 0) lines.splice(at, 1);
  else if (change === 1) lines.push(lines[at]!);
  else if (change === 2) lines[at] = `${lines[at]}${"x".repeat(random(20_000))}`;
  else if (change === 3) lines.push(`Origin: https://${random(1000)}.example`);
  const bytes = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  return change === 4
    ? flip(random, bytes)
    : change === 5
      ? bytes.subarray(0, random(bytes.length))
      : bytes;
}

/** A copy with some bytes changed. */
function flip(random: Random, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = random(4) + 1; i > 0 && copy.length > 0; i--)
    copy[random(copy.length)] = random(256);
  return copy;
}

/** Bytes of messages, some of them broken. */
export function messageBytes(random: Random): Buffer {
  const count = random(20) + 1;
  const messages = Array.from({ length: count }, () =>
    encode({
      type: [...TYPES, random(100)][random(4)]!,
      pid: random(3),
      data: new Uint8Array(random(3) === 0 ? random(5000) : random(40)),
    }),
  );
  const bytes = Buffer.concat(messages);
  if (random(3) === 0) return flip(random, bytes);
  return random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

/** Frames with masks, opcodes and lengths that may be wrong. */
export function frameBytes(random: Random): Buffer {
  const payload = messageBytes(random);
  const opcode = random(4) === 0 ? random(256) : 0x82;
  const masked = random(8) === 0 ? 0 : 0x80;
  const length = random(8) === 0 ? random(0x10000) : payload.length;
  const head = Buffer.from([opcode, masked | 126, (length >> 8) & 255, length & 255]);
  // a mask of zeros leaves the payload as it is
  return Buffer.concat([head, ...(masked ? [Buffer.alloc(4)] : []), payload]);
}
