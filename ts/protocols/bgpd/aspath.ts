import { FieldError } from "../../protocol/field.ts";
import { type BytesIn, convert, trailing, u8 } from "../../protocol/index.ts";

/** The brackets around the numbers of a segment, by the segment's type. */
const AROUND = new Map([
  [1, ["{ ", " }"]],
  [2, ["", ""]],
  [3, ["( ", " )"]],
  [4, ["[ ", " ]"]],
]);

/** The AS path of a route as bgpctl prints it: `65001 65002 { 65003 65004 }`. */
export function printAsPath(path: Uint8Array): string {
  const view = new DataView(path.buffer, path.byteOffset, path.length);
  const segments: string[] = [];
  for (let at = 0; at < path.length; ) {
    const [type = 0, count = Number.POSITIVE_INFINITY] = path.subarray(at, at + 2);
    const end = at + 2 + 4 * count;
    if (end > path.length) {
      throw new FieldError("EBADMSG", "the AS path ends within a segment");
    }
    const numbers: number[] = [];
    for (at += 2; at < end; at += 4) numbers.push(view.getUint32(at));
    const [open, close] = AROUND.get(type) ?? [`!${type} `, ` !${type}`];
    segments.push(open + numbers.join(" ") + close);
  }
  return segments.join(" ");
}

/** The bytes of an AS path that {@link printAsPath} has printed. */
export function parseAsPath(text: string): Uint8Array {
  const parts = text.match(/[{([][^{}()[\]]*[\])}]|[^{}()[\]]+/g) ?? [];
  const segments = parts.filter((part) => part.trim() !== "").map(segment);
  return Uint8Array.from(segments.flat());
}

function segment(part: string): number[] {
  const inner = part.trim();
  const type = { "{": 1, "(": 3, "[": 4 }[inner.charAt(0)] ?? 2;
  const numbers = (type === 2 ? inner : inner.slice(1, -1)).trim().split(/\s+/).map(Number);
  const wrong = numbers.find((number) => number >>> 0 !== number);
  if (wrong !== undefined || numbers.length > 255) {
    throw new FieldError("EINVAL", `${JSON.stringify(part)} is no segment of an AS path`);
  }
  return [
    type,
    numbers.length,
    ...numbers.flatMap((n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]),
  ];
}

/** The AS path behind a route, as text; encodes text and bytes. */
export const aspath = convert(trailing(u8), printAsPath, (value: BytesIn) =>
  typeof value === "string" ? parseAsPath(value) : value,
);
