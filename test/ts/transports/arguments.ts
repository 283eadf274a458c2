// Calls every function of the entries of Node, Deno or Bun with arguments of wrong types,
// and prints the errors that are not ImsgErrors as JSON.
import { ImsgError } from "../../../ts/module/error.ts";
import { echo, main, net, nextPath, unix } from "./ways.ts";

/** A proxy of which no field can be read. */
function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const WRONG: readonly unknown[] = [
  revoked({}),
  undefined,
  null,
  true,
  -1,
  1.5,
  999_999,
  "x",
  5n,
  Symbol("s"),
  [],
  {},
  () => {},
];
/** Values that no option of a channel or a server may have. */
const BAD_OPTIONS: readonly unknown[] = [
  revoked({}),
  null,
  5,
  "x",
  { maxSize: 5 },
  { pid: 1.5 },
  { highWaterMark: -1 },
  { lingerTimeout: 2 ** 31 },
  { lingerTimeout: Number.NaN },
  { maxQueued: "1" },
  { signal: 5 },
  { dialect: "new" },
  { instance: {} },
];

const BAD_SERVER_OPTIONS: readonly unknown[] = [{ mode: -1 }, { mode: "600" }, { onError: {} }];

type Call = (...args: unknown[]) => unknown;

function print(value: unknown): string {
  try {
    return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
  } catch {
    return "a revoked proxy";
  }
}

/** Calls a function; returns a line unless it throws or rejects an ImsgError. */
async function refused(name: string, call: Call, ...args: unknown[]): Promise<string[]> {
  const said = (what: string): string[] => [`${name}(${args.map(print).join(", ")}) ${what}`];
  try {
    await call(...args);
    return said("was accepted");
  } catch (error) {
    return error instanceof ImsgError ? [] : said(`threw ${String(error)}`);
  }
}

/** Calls a function with each of several values, behind other arguments. */
async function each(
  name: string,
  call: unknown,
  before: readonly unknown[],
  values: readonly unknown[],
): Promise<string[]> {
  const lines: string[] = [];
  for (const value of values) lines.push(...(await refused(name, call as Call, ...before, value)));
  return lines;
}

await main({
  functions: async () => {
    const lines: string[] = [];
    const web = await import("../../../ts/entry/web.ts");
    const names: string[] = [];
    for (const [name, value] of Object.entries({ ...net, ...web })) {
      // classes and constants are not called
      if (typeof value !== "function" || /^[A-Z]/.test(name)) continue;
      names.push(name);
      const takesFunction = name === "socketHandler";
      lines.push(...(await each(name, value, [], takesFunction ? WRONG.slice(0, -1) : WRONG)));
    }
    return { lines, names: names.sort() };
  },
  options: async () => {
    const at = unix(nextPath());
    const server = await net.listen(at, echo);
    const other = unix(nextPath());
    const close = (options: never): Promise<void> => server.close(options);
    const lines = [
      ...(await each("connect", net.connect, [at], BAD_OPTIONS)),
      ...(await each("listen", net.listen, [other, echo], BAD_OPTIONS)),
      ...(await each("listen", net.listen, [other, echo], BAD_SERVER_OPTIONS)),
      ...(await each("listen", net.listen, [other], WRONG.slice(0, -1))),
      ...(await each("fromSocket", net.fromSocket, [999_999], BAD_OPTIONS)),
      ...(await each("fromSocket", net.fromSocket, [{}], BAD_OPTIONS)),
      ...(await each("close", close, [], [revoked({}), null, 5, { signal: 5 }, { signal: {} }])),
    ];
    await server.close();
    return lines;
  },
});
