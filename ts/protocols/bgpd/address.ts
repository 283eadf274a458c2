import { type Field, FieldError } from "../../protocol/field.ts";
import {
  bytes,
  enumeration,
  in6Addr,
  inAddr,
  type StructIn,
  type StructOut,
  struct,
  u8,
  u32,
  u64,
  union,
} from "../../protocol/index.ts";
import { parseIPv4, parseIPv6, printIPv4, printIPv6 } from "../../protocol/ip.ts";
import { aid } from "./constants.ts";

/** `struct evpn_addr`. */
export const EvpnAddress = struct(
  {
    address: union(
      { v4: inAddr, v6: in6Addr },
      { tag: "aid", when: { INET: "v4", INET6: "v6" }, anonymous: true },
    ),
    ethtag: u32,
    mac: bytes(6),
    esi: bytes(10),
    aid: enumeration(aid, u8),
    type: u8,
  },
  { name: "evpn_addr" },
);

const fields = {
  address: union(
    { v4: inAddr, v6: in6Addr, evpn: EvpnAddress },
    {
      tag: "aid",
      when: { INET: "v4", INET6: "v6", VPN_IPv4: "v4", VPN_IPv6: "v6", EVPN: "evpn" },
      anonymous: true,
    },
  ),
  rd: u64,
  scope_id: u32,
  aid: enumeration(aid, u8),
  labellen: u8,
  labelstack: bytes(18),
};

/** `struct bgpd_addr`, with all its fields. */
export const BgpdAddr = struct(fields, { name: "bgpd_addr" });

/** The fields of an address that is more than an IP address. */
export interface AddressFields extends StructOut<typeof fields> {}

/** An address: text such as `192.0.2.1` or `fe80::1%3`, "" for none, else its fields. */
export type Address = string | AddressFields;

/** The fields of an address to encode. A field that is absent is zero. */
export interface AddressFieldsIn extends StructIn<typeof fields> {}

/** The values that an address field encodes. */
export type AddressIn = string | AddressFieldsIn;

function parse(text: string): AddressFieldsIn | undefined {
  if (text === "") return {};
  if (parseIPv4(text) !== undefined) return { address: { v4: text }, aid: "INET" };
  const [, v6, scope = "0"] = /^([^%]+)(?:%(\d+))?$/.exec(text) ?? [];
  if (v6 === undefined || parseIPv6(v6) === undefined) return undefined;
  return { address: { v6 }, aid: "INET6", scope_id: Number(scope) };
}

/**
 * `struct bgpd_addr` as text, where it is a plain IP address or none; otherwise (VPN, EVPN) as its
 * fields. Encodes both.
 */
export const address: Field<Address, AddressIn> = {
  resolve(abi) {
    const inner = BgpdAddr.resolve(abi);
    const members = inner.members ?? [];
    const at = (path: string): number => members.find((member) => member.path === path)!.offset;
    const [rd, scope, family, labels] = [at("rd"), at("scope_id"), at("aid"), at("labellen")];
    const textOf = (view: DataView, start: number): string | undefined => {
      if (view.getBigUint64(start + rd, true) !== 0n || view.getUint8(start + labels) !== 0) return;
      const all = new Uint8Array(view.buffer, view.byteOffset + start, 16);
      const zone = view.getUint32(start + scope, true);
      const number = view.getUint8(start + family);
      if (number === aid.INET6) return printIPv6(all) + (zone === 0 ? "" : `%${zone}`);
      if (zone !== 0) return undefined;
      if (number === aid.INET) return printIPv4(all);
      return number === aid.UNSPEC && all.every((byte) => byte === 0) ? "" : undefined;
    };
    return {
      size: inner.size,
      align: inner.align,
      type: inner.type,
      members,
      read: (view, start) => textOf(view, start) ?? inner.read(view, start),
      write(view, start, value) {
        const given = typeof value === "string" ? parse(value) : value;
        if (given === undefined) {
          throw new FieldError("EINVAL", `${JSON.stringify(value)} is no IP address`);
        }
        inner.write(view, start, given);
      },
    };
  },
};
