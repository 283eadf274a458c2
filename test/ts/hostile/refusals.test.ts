/**
 * One rule for the errors of arguments, at every function that is packed: a revoked proxy, whose fields
 * cannot be read, is refused with EINVAL; an error of the caller's own getter reaches the caller unchanged.
 */
import { describe, expect, it } from "vitest";
import { type World as Objects, world } from "../c/methods.ts";
import * as channels from "./channel-calls.ts";
import * as codecs from "./codec-calls.ts";
import { index } from "./library.ts";
import * as protocols from "./protocol-calls.ts";
import { hostileObject, pick, revoked, Thrown } from "./values.ts";

type Make = (fields: Record<string, unknown>) => never;
/** Calls a function with a value in the place of an argument, or with an object that is made of fields. */
type Attack<Hostile> = readonly [name: string, call: (hostile: Hostile) => unknown];

const objects = (): Objects => world(channels.instance, index.ImsgCodec);

/** Runs a call with a channel of its own, which ends with it. */
async function onChannel(run: (w: channels.World) => unknown): Promise<unknown> {
  const w = channels.makeWorld();
  try {
    return await Promise.race([run(w), new Promise((resolve) => setTimeout(resolve, 20))]);
  } finally {
    w.channel.abort();
  }
}

/** The calls of the three lists, each in a world of its own. */
function attacks<Hostile>(
  codec: readonly (readonly [string, (w: Objects, hostile: Hostile) => unknown])[],
  channel: readonly (readonly [string, (w: channels.World, hostile: Hostile) => unknown])[],
  protocol: readonly (readonly [
    string,
    (w: channels.World["channel"], hostile: Hostile) => unknown,
  ])[],
): Attack<Hostile>[] {
  return [
    ...codec.map(([name, call]): Attack<Hostile> => [name, (h) => call(objects(), h)]),
    ...channel.map(([name, call]): Attack<Hostile> => [name, (h) => onChannel((w) => call(w, h))]),
    ...protocol.map(
      ([name, call]): Attack<Hostile> => [name, (h) => onChannel((w) => call(w.channel, h))],
    ),
  ];
}

/** Every argument of every method of C's API. */
const cArguments = codecs.cCalls.flatMap(({ name, args, call }) =>
  args.map((_, place): Attack<never> => {
    const attack = (value: never): unknown => {
      const w = objects();
      return call(
        w,
        args.map(([, make], i) => (i === place ? value : (make(w) as never))),
      );
    };
    return [name, attack];
  }),
);
const withValue = attacks<never>(codecs.bytesCalls, channels.calls, protocols.calls);
const withObject = attacks<Make>(codecs.objectCalls, channels.objectCalls, protocols.objectCalls);

/** Runs attacks, and returns the errors that they threw or rejected with. */
async function errorsOf<Hostile>(
  list: readonly Attack<Hostile>[],
  hostile: () => Hostile,
): Promise<{ name: string; error: unknown }[]> {
  const errors: { name: string; error: unknown }[] = [];
  for (const [name, attack] of list) {
    try {
      await attack(hostile());
    } catch (error) {
      errors.push({ name, error });
    }
  }
  return errors;
}

/** Whether a function has refused an argument, or needs a window. */
const isRefusal = ({ error }: { error: unknown }): boolean =>
  error instanceof index.ImsgError && ["EINVAL", "ERR_IMSG_UNSUPPORTED"].includes(error.code);

describe("every function of the package", () => {
  const proxies: Record<string, () => object> = {
    "an object": () => revoked({}),
    "an array": () => revoked([]),
    bytes: () => revoked(new Uint8Array(3)),
    "a function": () => revoked(() => {}),
    "a proxy that is not revoked": () => new Proxy(revoked({}), {}),
  };
  it.each(Object.keys(proxies))("refuses a revoked proxy of %s with EINVAL", async (kind) => {
    const proxy = proxies[kind]! as () => never;
    const errors = [
      ...(await errorsOf([...withValue, ...cArguments], proxy)),
      ...(await errorsOf(withObject, () => proxy)),
    ];
    expect(errors.filter((each) => !isRefusal(each))).toEqual([]);
    // the few others have arguments of any type, such as the reason of abort()
    const calls = withValue.length + cArguments.length + withObject.length;
    expect(errors.length).toBeGreaterThan(0.9 * calls);
  });

  it.each([0, 1, 2, 3])("passes an error of the getter of field %i on, unchanged", async (key) => {
    const make: Make = (fields) =>
      hostileObject(fields, pick(Object.keys(fields), key), 5, () => {}) as never;
    const errors = await errorsOf(withObject, () => make);
    const thrown = errors.filter(({ error }) => error instanceof Thrown);
    expect(errors.filter((each) => !thrown.includes(each) && !isRefusal(each))).toEqual([]);
    expect(thrown.length).toBeGreaterThan(0.6 * withObject.length);
  });
});
