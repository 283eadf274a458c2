// Random values of which answers of a bgpd consist.

import fc from "fast-check";

/** A byte. */
export const u8 = fc.nat({ max: 255 });
/** 16 bits. */
export const u16 = fc.nat({ max: 0xffff });
/** 32 bits, with the ends of the range more often than others. */
export const u32 = fc.oneof(fc.constantFrom(0, 1, 0xffffffff), fc.nat({ max: 0xffffffff }));
/** A counter, which may be large. */
export const counter = fc.oneof(fc.constant(0), fc.nat({ max: 1000 }), fc.nat({ max: 2 ** 48 }));
/** A number that a capability may have. */
export const i8 = fc.constantFrom(0, 0, 1, 2, 3, 4, -1);
/** True or false. */
export const bool = fc.boolean();
/** A number of an enumeration, or one beyond it. */
export const upTo = (max: number) => fc.nat({ max });

/** Texts as JSON escapes them; bgpctl gives up at any other control character. */
export const text = (bytes: number) =>
  fc
    .string({ unit: fc.constantFrom(...'abc XYZ09"\\\t\n\b\f\r/üé世🦔<>&'), maxLength: 20 })
    .map((value) => {
      let short = value;
      while (Buffer.byteLength(short) >= bytes) short = [...short].slice(0, -1).join("");
      return short;
    });

/** Bytes up to a NUL, which need not be UTF-8. */
export const reason = fc.oneof(
  fc.constant(new Uint8Array()),
  fc.uint8Array({ min: 1, max: 255, maxLength: 255 }),
);

/** An IPv4 address. */
const v4 = fc.tuple(u8, u8, u8, u8).map((bytes) => bytes.join("."));
/** An IPv6 address, in all forms that are printed. */
const v6 = fc.oneof(
  fc.constantFrom("::", "::1", "::ffff:192.0.2.1", "::192.0.2.1", "2001:db8::", "1:0:0:2:0:0:0:3"),
  fc
    .array(fc.oneof(fc.constant(0), u16), { minLength: 8, maxLength: 8 })
    .map((words) => words.map((word) => word.toString(16)).join(":")),
);
/** Link-local addresses, and one that is none. */
const zoned = fc.constantFrom("fe80::1%1", "fe80::2%9999", "ff02::1%1", "2001:db8::1%7", "fe80::3");
/** An IP address. */
export const plain = fc.oneof(v4, v6, zoned);
/** A route distinguisher as it is stored: its type in front. */
const distinguisher = fc
  .tuple(fc.constantFrom(0, 1, 2, 3, 0xffff), u16, u32)
  .map(([type, high, low]) => {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setUint16(0, type);
    bytes.setUint16(2, high);
    bytes.setUint32(4, low);
    return bytes.getBigUint64(0, true);
  });
/** So many bytes. */
export const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** An address of a VPN. */
const vpn = fc
  .tuple(distinguisher, v4, v6, bool, bytesOf(18))
  .map(([rd, four, six, isFour, labelstack]) =>
    isFour
      ? { address: { v4: four }, aid: "VPN_IPv4", rd, labellen: 3, labelstack }
      : { address: { v6: six }, aid: "VPN_IPv6", rd, labellen: 3, labelstack },
  );
/** An Ethernet segment, which may be none. */
const esi = fc.oneof(fc.constant(new Uint8Array(10)), bytesOf(10));
/** bgpctl cuts EVPN routes after 137 characters: those of long addresses. */
const shortFields = fc.oneof(
  v4.map((address) => ({ address: { v4: address }, aid: "INET" as const })),
  fc
    .constantFrom("::1", "2001:db8::1")
    .map((address) => ({ address: { v6: address }, aid: "INET6" as const })),
);
/** bgpctl prints what it printed before for a route of type 3 without an address. */
const evpn = fc
  .tuple(distinguisher, fc.option(shortFields), bytesOf(6), esi, bool, bytesOf(3))
  .map(([rd, inner, mac, segment, isMac, labelstack]) => ({
    address: {
      evpn: { ...(inner ?? {}), mac, esi: segment, type: isMac || inner === null ? 2 : 3 },
    },
    aid: "EVPN",
    rd,
    labellen: 3,
    labelstack,
  }));
/** Families without an address to print. */
const noAddress = fc.constantFrom("", { aid: "FLOWSPECv4" }, { aid: "FLOWSPECv6" });
/** An address of any family. */
export const anyAddress = fc.oneof(plain, plain, vpn, evpn, noAddress);

/** A time of the monotonic clock: never, past, or future. */
export const seconds = (now: number) =>
  fc.oneof(
    fc.constant(0),
    fc.constant(now + 1000),
    fc.nat({ max: now }).map((age) => now - age),
  );
