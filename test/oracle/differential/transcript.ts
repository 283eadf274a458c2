/** Writing transcripts as the native driver does, byte for byte. */

/** The largest size of the module; the driver's is that of its machine. */
export const SIZE_MAX = 0xffffffff;

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Short contents in full, long ones as length and FNV-1a hash. */
export function showBytes(bytes: Uint8Array): string {
  if (bytes.length <= 24) {
    let text = "x";
    for (const byte of bytes) text += hex[byte];
    return text;
  }
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return `${bytes.length}#${(hash >>> 0).toString(16).padStart(8, "0")}`;
}

/** Writes sizes near the largest relative to it. */
export function showSize(size: number): string {
  return size > SIZE_MAX - 0x100000 ? `M-${SIZE_MAX - size}` : String(size);
}

export interface Divergence {
  /** The last line that both transcripts share, and the first that differs. */
  readonly before: string;
  readonly wasm: string;
  readonly native: string;
}

/** The first line in which two transcripts differ. */
export function firstDifference(wasm: string, native: string): Divergence | undefined {
  if (wasm === native) return undefined;
  const a = wasm.split("\n");
  const b = native.split("\n");
  for (let i = 0; ; i++) {
    if (a[i] === b[i]) continue;
    return { before: a[i - 1] ?? "", wasm: a[i] ?? "(nothing)", native: b[i] ?? "(nothing)" };
  }
}
