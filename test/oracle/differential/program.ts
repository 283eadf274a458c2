import { type OperationName, operations, type Shape } from "./operations.ts";

/** A number, or text: a size ("M-3"), bytes, a descriptor, an error's name. */
export type Argument = number | bigint | string;
export type Operation = readonly [OperationName, ...Argument[]];
export type Program = readonly Operation[];

/** Writes a program in the form that the native driver reads. */
export function serialize(program: Program): string {
  let text = "begin\n";
  for (const operation of program) text += `${operation.join(" ")}\n`;
  return `${text}end\n`;
}

/** Parses the text of {@link serialize}. */
export function parseProgram(text: string): Program {
  const lines = text.split("\n").filter((line) => !["", "begin", "end"].includes(line));
  return lines.map((line) => line.split(" ") as unknown as Operation);
}

/** The program in words, an operation a line. */
export function describe(program: Program): string {
  return program
    .map(([name, ...args], i) => {
      const shape: Shape = operations[name];
      const words = args.map((arg, j) => {
        const what = shape.args[Math.min(j, shape.args.length - 1)];
        return `${what} ${String(arg).replace(/^M-/, "SIZE_MAX-")}`;
      });
      const what = shape.functions.length > 0 ? shape.functions.join(", ") : `kernel: ${name}`;
      return `${String(i).padStart(4)}  ${what}(${words.join(", ")})`;
    })
    .join("\n");
}

/** The bytes of a seed; the driver makes the same. */
export function fillPattern(to: Uint8Array, seed: number): void {
  let s = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  for (let i = 0; i < to.length; i++) {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    to[i] = s >>> 24;
  }
}

const EMPTY = new Uint8Array(0);

function evaluatePart(part: string): Uint8Array {
  const kind = part[0];
  const rest = part.slice(1);
  if (kind === "x") {
    const bytes = new Uint8Array(rest.length / 2);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = Number.parseInt(rest.slice(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }
  const n = rest.split(":").map(Number);
  if (kind === "z") return new Uint8Array(n[0]!);
  if (kind === "p") {
    const bytes = new Uint8Array(n[1]!);
    fillPattern(bytes, n[0]!);
    return bytes;
  }
  if (kind !== "m") throw new Error(`bad bytes: ${part}`);
  const bytes = new Uint8Array(16 + n[5]!);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 4; i++) view.setUint32(4 * i, n[i]!, true);
  fillPattern(bytes.subarray(16), n[4]!);
  return bytes;
}

/**
 * The bytes that an argument stands for: parts joined by "+", each literal
 * (`x0102`), a pattern (`p<seed>:<len>`), zeros (`z<len>`) or a message on the
 * wire (`m<type>:<len>:<peerid>:<pid>:<seed>:<payload>`); of all that, with
 * `@<from>:<to>`, a slice.
 */
export function evaluateBytes(argument: Argument): Uint8Array {
  const text = String(argument);
  if (text === "x") return EMPTY;
  const [whole, slice] = text.split("@");
  const parts = whole!.split("+").map(evaluatePart);
  let bytes = parts[0]!;
  if (parts.length > 1) {
    bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
  }
  if (slice === undefined) return bytes;
  const [from, to] = slice.split(":").map(Number);
  return bytes.subarray(Math.min(from!, bytes.length), Math.min(to!, bytes.length));
}
