// The few assertions that the cases need, for engines without node:assert.

/** Shows a value in an error message. */
function show(value) {
  if (value instanceof Uint8Array) {
    const head = Array.from(value.subarray(0, 16)).join(" ");
    return `${value.length} bytes [${head}${value.length > 16 ? " …" : ""}]`;
  }
  if (value instanceof Error) return `${value.name} ${value.code ?? ""}: ${value.message}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  if ("peerid" in value) return `message ${value.type}, ${show(value.data)}`;
  return JSON.stringify(value);
}

export function ok(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
}

export function equal(actual, expected, what) {
  if (!Object.is(actual, expected)) {
    throw new Error(`${what}: ${show(actual)}, expected ${show(expected)}`);
  }
}

export function sameBytes(actual, expected, what) {
  ok(actual instanceof Uint8Array, `${what} is a Uint8Array`);
  equal(actual.length, expected.length, `length of ${what}`);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) throw new Error(`${what}: byte ${i} is ${actual[i]}`);
  }
}

/** Checks the fields of a message. */
export function sameMessage(actual, expected, what = "message") {
  ok(actual !== undefined, `${what} is there`);
  for (const field of ["type", "peerid", "pid"]) {
    if (field in expected) equal(actual[field], expected[field], `${what}.${field}`);
  }
  sameBytes(actual.data, expected.data ?? new Uint8Array(0), `${what}.data`);
}

/** The error that something throws or rejects with; its code if one is named. */
export async function fails(action, code, what = "the call") {
  let result;
  try {
    result = await (typeof action === "function" ? action() : action);
  } catch (error) {
    if (code !== undefined && error?.code !== code) {
      throw new Error(`${what}: ${show(error)}, expected ${code}`);
    }
    return error;
  }
  throw new Error(`${what}: no error but ${show(result)}, expected ${code ?? "one"}`);
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The payload of message `i` among those that the native peer makes by its formula. */
export function payload(i, size) {
  return Uint8Array.from({ length: size }, (_, j) => (i * 31 + j * 7 + (j >>> 8)) & 0xff);
}

/** u32 arguments of the native peer's commands. */
export function numbers(...values) {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, true);
  return bytes;
}

export function concat(pieces) {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
