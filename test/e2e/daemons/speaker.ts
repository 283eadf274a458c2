import { connect, type Socket } from "node:net";

/** The numbers of BGP messages. */
const OPEN = 1;
const UPDATE = 2;
const NOTIFICATION = 3;
const KEEPALIVE = 4;
const AS_TRANS = 23456;

const u16 = (value: number): number[] => [value >> 8, value & 255];
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)];

/** Bytes of a text of hexadecimal digits, in which spaces mean nothing. */
export const hex = (digits: string): number[] => [
  ...Buffer.from(digits.replaceAll(" ", ""), "hex"),
];

/** An attribute of an UPDATE. */
export type Attribute = readonly [flags: number, type: number, value: readonly number[]];

/** Flags of attributes: well-known, optional, and optional and transitive. */
export const WELL_KNOWN = 0x40;
export const OPTIONAL = 0x80;
export const TRANSITIVE = 0xc0;

/** A segment of a path: 2 is a sequence, 1 a set. */
export type Segment = readonly [type: number, numbers: readonly number[]];

/** The attributes that every route has. */
export const basics = (segments: readonly Segment[], nexthop = [127, 0, 0, 2]): Attribute[] => [
  [WELL_KNOWN, 1, [0]],
  [
    WELL_KNOWN,
    2,
    segments.flatMap(([type, numbers]) => [type, numbers.length, ...numbers.flatMap(u32)]),
  ],
  [WELL_KNOWN, 3, nexthop],
];

/** Routes of another family than IPv4 unicast. */
export const reach = (
  afi: number,
  safi: number,
  nexthop: readonly number[],
  nlri: readonly number[],
): Attribute => [OPTIONAL, 14, [...u16(afi), safi, nexthop.length, ...nexthop, 0, ...nlri]];

/** Communities of the three kinds. */
export const communities = (...all: [number, number][]): Attribute => [
  TRANSITIVE,
  8,
  all.flatMap((pair) => pair.flatMap(u16)),
];
export const large = (...all: [number, number, number][]): Attribute => [
  TRANSITIVE,
  32,
  all.flatMap((each) => each.flatMap(u32)),
];
export const extended = (...all: string[]): Attribute => [TRANSITIVE, 16, all.flatMap(hex)];

function encodeAttribute([flags, type, value]: Attribute): number[] {
  if (value.length > 255) return [flags | 0x10, type, ...u16(value.length), ...value];
  return [flags, type, value.length, ...value];
}

/** An UPDATE that announces IPv4 prefixes, or those within an attribute. */
export function update(attributes: readonly Attribute[], nlri: readonly number[] = []): number[] {
  const bytes = attributes.flatMap(encodeAttribute);
  return [0, 0, ...u16(bytes.length), ...bytes, ...nlri];
}

const message = (type: number, body: readonly number[]): Buffer =>
  Buffer.from([...Array(16).fill(255), ...u16(19 + body.length), type, ...body]);

/** A peer of a bgpd: one address, one AS. */
export interface SpeakerOptions {
  port: number;
  address: string;
  as: number;
  /** AFI and SAFI of the families that it announces besides IPv4 unicast. */
  families?: readonly (readonly [afi: number, safi: number])[];
  /** More capabilities: code and value. */
  capabilities?: readonly (readonly [code: number, value: readonly number[]])[];
}

/** A BGP session with bgpd, in which everything that bgpd does not originate can be announced. */
export interface Speaker {
  /** Sends an UPDATE. */
  send(body: readonly number[]): void;
  /** Ends the session with a NOTIFICATION. */
  notify(code: number, subcode: number, data?: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

function openBody({ as, address, families = [], capabilities = [] }: SpeakerOptions): number[] {
  const all: (readonly [number, readonly number[]])[] = [
    ...[[1, 1] as const, ...families].map(
      ([afi, safi]) => [1, [...u16(afi), 0, safi]] as readonly [number, number[]],
    ),
    [2, []],
    [65, u32(as)],
    ...capabilities,
  ];
  const parameters = all.flatMap(([code, value]) => [
    2,
    value.length + 2,
    code,
    value.length,
    ...value,
  ]);
  const id = address.split(".").map(Number);
  return [
    4,
    ...u16(as > 0xffff ? AS_TRANS : as),
    ...u16(90),
    ...id,
    parameters.length,
    ...parameters,
  ];
}

/** Connects, and resolves when the session is established. */
export function speak(options: SpeakerOptions): Promise<Speaker> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({
      host: "127.0.0.1",
      port: options.port,
      localAddress: options.address,
    });
    const closed = new Promise<void>((done) => socket.once("close", () => done()));
    const keepalive = setInterval(() => socket.write(message(KEEPALIVE, [])), 20_000);
    closed.then(() => {
      clearInterval(keepalive);
      reject(new Error("bgpd closed the session"));
    });
    const speaker: Speaker = {
      send: (body) => void socket.write(message(UPDATE, body)),
      async notify(code, subcode, data = new Uint8Array()) {
        socket.end(message(NOTIFICATION, [code, subcode, ...data]));
        await closed;
      },
      async close() {
        socket.destroy();
        await closed;
      },
    };
    let pending = Buffer.alloc(0);
    socket.on("error", reject);
    socket.once("connect", () => socket.write(message(OPEN, openBody(options))));
    socket.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 19 && pending.length >= pending.readUInt16BE(16)) {
        const type = pending[18];
        const body = pending.subarray(19, pending.readUInt16BE(16));
        pending = pending.subarray(pending.readUInt16BE(16));
        if (type === OPEN) socket.write(message(KEEPALIVE, []));
        if (type === KEEPALIVE) resolve(speaker);
        if (type === NOTIFICATION) {
          reject(new Error(`bgpd sent NOTIFICATION ${body[0]}/${body[1]} ${body.toString("hex")}`));
        }
      }
    });
  });
}
