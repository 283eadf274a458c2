import { fileURLToPath } from "node:url";
import { type Relay, type RelayOptions, startRelay } from "../../../ts/cli/relay/relay.ts";

/** The exports of the example's own modules, which are JavaScript. */
interface Server {
  port: number;
  origins: string[];
  close(): Promise<void>;
}
interface ServerModule {
  startServer(options: { folder: string; relayPort: () => number }): Promise<Server>;
}
export interface Router {
  restricted: string;
  bgpctl(...args: string[]): Promise<string>;
}
interface RoutersModule {
  startRouters(routes: number): Promise<{ bgpd: Router; stop: () => Promise<void> }>;
}

const place = (path: string): string => new URL(`../../../${path}`, import.meta.url).href;
const { startServer }: ServerModule = await import(
  place("examples/looking-glass/setup/server.mjs")
);
/** The message types that the page's server lets pass. */
export const { ALLOWED_TYPES }: { ALLOWED_TYPES: readonly number[] } = await import(
  place("examples/looking-glass/setup/allowed.mjs")
);
export const { startRouters }: RoutersModule = await import(
  place("examples/looking-glass/setup/routers.mjs")
);

export const TOKEN = "a-token-of-the-tests";
export const BUILT = fileURLToPath(place("build/looking-glass"));

/** A page's server and a relay that can be stopped and started again. */
export interface Glass {
  /** With the token behind the #. */
  readonly url: string;
  readonly origin: string;
  readonly relay: Relay;
  startRelay(changes?: Partial<RelayOptions>): Promise<void>;
  stop(): Promise<void>;
}

/** Serves the page, with a relay to the socket behind it. */
export async function startGlass(
  socket: string,
  options: Partial<RelayOptions> = {},
): Promise<Glass> {
  let relay: Relay | undefined;
  // no process listens there until the relay starts
  const server = await startServer({ folder: BUILT, relayPort: () => relay?.port ?? 9 });
  const origin = `http://127.0.0.1:${server.port}`;
  const start = async (changes: Partial<RelayOptions> = {}): Promise<void> => {
    relay = await startRelay({
      to: `unix:${socket}`,
      token: TOKEN,
      allowOrigins: server.origins,
      allowTypes: ALLOWED_TYPES,
      maxSize: 131072,
      ...options,
      ...changes,
    });
  };
  await start();
  return {
    url: `${origin}/#token=${TOKEN}`,
    origin,
    get relay() {
      return relay!;
    },
    startRelay: start,
    async stop() {
      await relay?.close();
      await server.close();
    },
  };
}
