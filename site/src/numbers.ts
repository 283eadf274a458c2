/** The longest text that is shown. */
const TEXT = 48;

function textAt(bytes: Uint8Array, at: number): string {
  let text = "";
  for (let i = at; i < bytes.length && text.length < TEXT; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 || byte > 0x7e) break;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Returns readings of the bytes from a place on, as names and values; a dash for too few bytes. */
export function numbersAt(bytes: Uint8Array, at: number): readonly (readonly [string, string])[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const left = bytes.length - at;
  const read = (size: number, get: () => number | bigint): string =>
    left >= size ? String(get()) : "–";
  const ip = left >= 4 ? bytes.subarray(at, at + 4).join(".") : "–";
  return [
    ["u8", read(1, () => view.getUint8(at))],
    ["u16", read(2, () => view.getUint16(at, true))],
    ["u32", read(4, () => view.getUint32(at, true))],
    ["u64", read(8, () => view.getBigUint64(at, true))],
    ["i32", read(4, () => view.getInt32(at, true))],
    ["be16", read(2, () => view.getUint16(at))],
    ["be32", read(4, () => view.getUint32(at))],
    ["IPv4", ip],
    ["text", textAt(bytes, at) || "–"],
  ];
}
