import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../status.ts";

/** A user and a group as numbers. */
export interface Ids {
  /** The user's name, if it has one. */
  name?: string;
  uid: number;
  gid: number;
}

/** The fields of the lines of a file such as /etc/passwd. */
function records(file: string): string[][] {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
}

/**
 * Reads `USER` or `USER:GROUP`, by name or number, from /etc/passwd and
 * /etc/group. Without a group it is the user's. Throws a {@link UsageError} for
 * an unknown one.
 */
export function parseUser(text: string): Ids {
  const [, user, group] = /^([^:\s]+)(?::([^:\s]+))?$/.exec(text) ?? [];
  if (user === undefined) throw new UsageError(`${text}: not USER or USER:GROUP`);
  const entry = records("/etc/passwd").find(([name, , uid]) => name === user || uid === user);
  if (entry === undefined) throw new UsageError(`${text}: there is no user ${user}`);
  const [name, , uid, own] = entry as [string, string, string, string];
  if (group === undefined) return { name, uid: Number(uid), gid: Number(own) };
  const found = records("/etc/group").find(([title, , gid]) => title === group || gid === group);
  if (found === undefined) throw new UsageError(`${text}: there is no group ${group}`);
  return { name, uid: Number(uid), gid: Number(found[2]) };
}

/** Changes the process to a user's rights, for good. Throws an error that names --user. */
export function becomeUser({ name, uid, gid }: Ids): void {
  // Node's types lack initgroups
  const { initgroups } = process as { initgroups?: (user: string | number, group: number) => void };
  try {
    initgroups?.(name ?? uid, gid);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (cause) {
    throw new Error(`--user ${name ?? uid}: ${messageOf(cause)}`, { cause });
  }
}
