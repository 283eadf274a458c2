import type { Protocol } from "./define.ts";
import type { AnyPayload } from "./payload.ts";
import type { Definition, Messages } from "./types.ts";

const kind = (payload: AnyPayload | undefined): string =>
  payload === undefined
    ? ""
    : (payload.describe?.().split("\n")[0]?.replace(/ \(.*/, "") ?? "a value");

function line(name: string, width: number, { type, send, receive, note }: Definition): string {
  const ways = [send && `> ${kind(send)}`, receive && `< ${kind(receive)}`].filter(Boolean);
  const notes = note === undefined ? [] : [`# ${note}`];
  return `${String(type).padStart(6)}  ${[name.padEnd(width), ...ways, ...notes].join("  ")}`.trimEnd();
}

/** A protocol for people: `>` marks messages that clients send, `<` those that they receive. */
export function describeProtocol<M extends Messages>(
  protocol: Protocol<M>,
  { layouts = false }: { layouts?: boolean | undefined },
): string {
  const { name, version, dialect, maxSize } = protocol;
  const messages = Object.entries<Definition>(protocol.messages).sort(
    (a, b) => a[1].type - b[1].type,
  );
  const width = Math.max(0, ...messages.map(([each]) => each.length));
  const of = version === "" ? name : `${name}: ${version}`;
  const lines = [
    `${of}, ${dialect} dialect, messages of up to ${maxSize} bytes`,
    "  type  name (> from the client, < from the daemon)",
    ...messages.map(([each, message]) => line(each, width, message)),
  ];
  if (layouts) {
    const all = messages.flatMap(([, { send, receive }]) => [send, receive]);
    const tables = all
      .map((each) => each?.describe?.() ?? "")
      .filter((each) => each.includes("\n"));
    for (const table of new Set(tables)) lines.push("", table);
  }
  return lines.join("\n");
}
