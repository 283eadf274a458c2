import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "../../../ts/entry/node.ts";
import { output, type Program, start, temporaryFolder, until } from "./program.ts";

const SMTPD = fileURLToPath(new URL("../../../build/opensmtpd/usr/sbin/smtpd", import.meta.url));

/**
 * The paths that smtpd uses are fixed, so it gets a /run, a spool, a chroot and
 * users in a namespace of its own. Its network has no interface that is up.
 */
const ROOM = `
for place in /run /var/spool /var/lib; do mount -t tmpfs -o mode=755 tmpfs $place; done
mkdir -p /var/lib/opensmtpd/empty
cp /etc/passwd passwd
cp /etc/group group
for name in opensmtpd:64990 opensmtpq:64991; do
  id=\${name#*:} name=\${name%:*}
  echo "$name:x:$id:$id::/var/lib/opensmtpd/empty:/usr/sbin/nologin" >> passwd
  echo "$name:x:$id:" >> group
done
mount --bind passwd /etc/passwd
mount --bind group /etc/group
exec "$0" -d -v -f smtpd.conf
`;

/** A configuration that accepts mail on the control socket only, and delivers none. */
const CONFIGURATION = `
listen on socket
action "discard" mda "/bin/true"
match from local for domain "example.org" action "discard"
`;

/** A running OpenSMTPD. */
export interface RunningSmtpd {
  /** Its control socket. */
  readonly socket: string;
  readonly program: Program;
  stop(): Promise<void>;
}

/** Starts smtpd in a mount and a network namespace of its own. */
export async function startSmtpd(): Promise<RunningSmtpd> {
  const room = ["--mount", "--net"];
  if ((await output("unshare", [...room, "true"])).code !== 0) {
    throw new Error("smtpd's paths are fixed: unshare has to be allowed to give it its own");
  }
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, "smtpd.conf"), CONFIGURATION, { mode: 0o600 });
  const program = start("unshare", [...room, "sh", "-eu", "-c", ROOM, SMTPD], folder.path);
  const socket = join(`/proc/${program.child.pid}`, "root", "run/smtpd.sock");
  const running: RunningSmtpd = {
    socket,
    program,
    async stop() {
      await program.stop();
      await folder.remove();
    },
  };
  try {
    await until("smtpd listens", program, async () => {
      // before smtpd has its own namespace, that path would be the machine's
      if (!program.log().includes("setup done")) return false;
      const channel = await connect({ path: socket }).catch(() => undefined);
      await channel?.close();
      return channel !== undefined;
    });
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}
