import { printable } from "./status.ts";

const isEmpty = (value: unknown): boolean => {
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0);
  if (Array.isArray(value)) return value.every(isEmpty);
  if (typeof value === "object" && value !== null) return Object.values(value).every(isEmpty);
  return !value;
};

const scalar = (value: unknown): string => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return typeof value === "string" ? printable(value, 500) : String(value);
};

/** A decoded value as lines of text, indented by its nesting; fields that are zero are left out. */
export function tree(value: unknown, margin: string): string {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) {
    return isEmpty(value) ? "" : `${margin}${scalar(value)}\n`;
  }
  let text = "";
  for (const [key, inner] of Object.entries(value)) {
    if (isEmpty(inner)) continue;
    const name = printable(key);
    const isScalar = typeof inner !== "object" || inner instanceof Uint8Array;
    const isFlat = Array.isArray(inner) && inner.every((each) => typeof each !== "object");
    if (isScalar) text += `${margin}${name}: ${scalar(inner)}\n`;
    else if (isFlat) text += `${margin}${name}: ${(inner as unknown[]).map(scalar).join(" ")}\n`;
    else text += `${margin}${name}:\n${tree(inner, `${margin}  `)}`;
  }
  return text;
}
