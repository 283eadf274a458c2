import { runInNewContext } from "node:vm";

/** The error that hostile values throw: errors of the caller's code reach the caller unchanged. */
export class Thrown extends Error {}

const thrower = (): never => {
  throw new Thrown("by the caller");
};

/** A property that runs code when it is read. */
function withGetter<T extends object>(object: T, key: PropertyKey, get: () => unknown): T {
  return Object.defineProperty(object, key, { get, configurable: true });
}

class Long extends Uint8Array {
  override get length(): number {
    return 200_000;
  }
  override get byteLength(): number {
    return 200_000;
  }
}

class Short extends Uint8Array {
  override get length(): number {
    return 0;
  }
  override get byteLength(): number {
    return 0;
  }
}

class Elsewhere extends Uint8Array {
  override get byteOffset(): number {
    return 4096;
  }
  override get buffer(): ArrayBuffer {
    return new ArrayBuffer(300_000);
  }
}

class Forger extends Uint8Array {
  static get [Symbol.species](): typeof Long {
    return Long;
  }
  override subarray(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(300_000);
  }
  override slice(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(300_000);
  }
  override set(): void {
    thrower();
  }
  override [Symbol.iterator](): never {
    return thrower();
  }
}

class Throwing extends Uint8Array {
  override get length(): never {
    return thrower();
  }
  override get byteLength(): never {
    return thrower();
  }
}

function detached<T>(make: (buffer: ArrayBuffer) => T): T {
  const buffer = new ArrayBuffer(8);
  const value = make(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return value;
}

type Growing = ArrayBuffer & { resize(length: number): void };

function resizable(length: number): Growing {
  const Resizable = ArrayBuffer as new (n: number, o: { maxByteLength: number }) => ArrayBuffer;
  return new Resizable(length, { maxByteLength: 70_000 }) as Growing;
}

/** A proxy that throws a TypeError, whatever is done to it. */
export function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function shrunk<T>(make: (buffer: ArrayBuffer) => T): T {
  const buffer = resizable(64);
  const value = make(buffer);
  buffer.resize(2);
  return value;
}

const trap: ProxyHandler<object> = { get: thrower, getPrototypeOf: thrower, has: thrower };

/** Byte containers that lie about themselves, cannot be read, or are hard to read right. */
export const hostileBytes: readonly (() => unknown)[] = [
  () => new Long(10),
  () => new Short(10),
  () => new Elsewhere(10),
  () => new Forger(10),
  () => new Throwing(10),
  () => withGetter(new Uint8Array(10), "length", () => 200_000),
  () => withGetter(new Uint8Array(10), "buffer", thrower),
  () => withGetter(new Uint8Array(10), "byteLength", () => -1),
  () => withGetter(new Uint8Array(10), "constructor", thrower),
  () => withGetter(new DataView(new ArrayBuffer(10)), "byteLength", () => 200_000),
  () => withGetter(new ArrayBuffer(10), "byteLength", () => 200_000),
  () => withGetter(resizable(10), "resizable", () => false),
  () => Object.setPrototypeOf(new Uint8Array(10), null),
  () => Object.setPrototypeOf(new Float64Array(10), Uint8Array.prototype),
  () => Object.setPrototypeOf(new DataView(new ArrayBuffer(9)), Uint8Array.prototype),
  () => Object.setPrototypeOf(new SharedArrayBuffer(9), ArrayBuffer.prototype),
  () => Object.create(Uint8Array.prototype),
  () => new Proxy(new Uint8Array(10), {}),
  () => new Proxy(new Uint8Array(10), trap),
  () => new Proxy(new ArrayBuffer(10), trap),
  () => detached((buffer) => buffer),
  () => detached((buffer) => new Uint8Array(buffer)),
  () => detached((buffer) => new DataView(buffer)),
  () => shrunk((buffer) => new Uint8Array(buffer)),
  () => shrunk((buffer) => new Uint8Array(buffer, 8, 8)),
  () => shrunk((buffer) => new DataView(buffer, 8, 8)),
  () => resizable(10),
  () => new Uint8Array(resizable(10)),
  () => new SharedArrayBuffer(10),
  () => new Uint8Array(new SharedArrayBuffer(10)),
  () => new WebAssembly.Memory({ initial: 1 }).buffer,
  () => new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer, 65_000),
  () => Buffer.from("a pooled buffer"),
  () => runInNewContext("new Uint8Array([1, 2, 3])"),
  () => runInNewContext("new ArrayBuffer(10)"),
  () => runInNewContext("new DataView(new ArrayBuffer(10), 2)"),
  () => runInNewContext("new SharedArrayBuffer(10)"),
  () => runInNewContext("new (class extends Uint8Array { get length() { return 2000 } })(10)"),
  () => new Uint8Array(70_000),
];

/** Values that are wrong for every argument. */
export const nonsense: readonly (() => unknown)[] = [
  ...[undefined, null, true, -1, 0, 1.5, Number.NaN, 2 ** 32, 2 ** 53, 5n, "5", Symbol("s")].map(
    (value) => () => value,
  ),
  () => [],
  () => ({}),
  () => Object.create(null),
  () => ({ valueOf: thrower, toString: thrower, [Symbol.toPrimitive]: thrower }),
  () => new Proxy({}, trap),
  () => new Proxy(() => {}, trap),
  () =>
    new Proxy([new Uint8Array(3)], {
      get: (list, key) => (key === "length" ? 3 : list[key as never]),
    }),
  () => withGetter([new Uint8Array(3)], Symbol.iterator, () => thrower),
  () => new Proxy([new Uint8Array(3)], {}),
  () => [new Long(10), new Short(10), new Uint8Array(3)],
  () => [new Uint8Array(3), detached((buffer) => new Uint8Array(buffer))],
  () => runInNewContext("[new Uint8Array(3)]"),
  () => revoked({}),
  () => revoked([]),
  () => revoked(new Uint8Array(3)),
  () => revoked(() => {}),
];

/** The element of a list that any number selects. */
export const pick = <T>(list: readonly T[], index: number): T => list[index % list.length]!;

/** An action of the caller's code in the middle of a call. */
export type Interference = () => unknown;

/** Returns a function that makes a {@link hostileObject} of fields; `key` selects the field. */
export const hostileMaker =
  (key: number, shape: number, interfere: Interference) =>
  (fields: Readonly<Record<string, unknown>>): never =>
    hostileObject(fields, pick(Object.keys(fields), key), shape, interfere) as never;

/** Objects with the fields of a message or of options whose reading runs code of the caller. */
export function hostileObject(
  fields: Readonly<Record<string, unknown>>,
  key: string,
  shape: number,
  interfere: Interference,
): unknown {
  const get = (): unknown => {
    interfere();
    return fields[key];
  };
  const plain = { ...fields };
  switch (shape % 6) {
    case 0:
      return withGetter(plain, key, get);
    case 1: // inherited
      return Object.create(withGetter({ ...fields }, key, get));
    case 2:
      return new Proxy(plain, {
        get: (_, name) => (name === key ? get() : fields[name as string]),
      });
    case 3:
      return withGetter(Object.assign(Object.create(null), plain), key, get);
    case 4:
      return revoked(plain);
    default:
      return withGetter(plain, key, thrower);
  }
}

/** Whether the iterator of a value throws for any user. */
export function breaks(value: Iterable<unknown>): boolean {
  try {
    const iterator = value?.[Symbol.iterator];
    if (typeof iterator === "function") iterator.call(value).next();
    return false;
  } catch {
    return true;
  }
}
