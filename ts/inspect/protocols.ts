import type { ImsgMessage } from "../entry/index.ts";
import type { Definition, DescribeOptions, Direction, Protocol } from "../entry/protocol.ts";

/** A protocol whose messages the program does not know beforehand. */
export interface AnyProtocol
  extends Pick<
    Protocol<Record<string, Definition>>,
    "name" | "version" | "dialect" | "maxSize" | "peerid"
  > {
  readonly messages: Readonly<Record<string, Definition>>;
  nameOf(type: number): string | undefined;
  encode(name: string, value: unknown, direction?: Direction): Uint8Array;
  decode(
    message: ImsgMessage,
    direction?: Direction,
  ): { name: string | undefined; payload: unknown };
  describe(options?: DescribeOptions): string;
}

/** The protocols that ship, by the names that users type. Each is loaded when it is needed. */
export const SHIPPED: Readonly<Record<string, () => Promise<AnyProtocol>>> = {
  bgpd: async () => (await import("../entry/protocols/bgpd.ts")).bgpd,
  tmux: async () => (await import("../entry/protocols/tmux.ts")).tmux,
  smtpd: async () => (await import("../entry/protocols/smtpd.ts")).smtpd68,
  smtpd74: async () => (await import("../entry/protocols/smtpd.ts")).smtpd74,
  ntpd: async () => (await import("../entry/protocols/ntpd.ts")).ntpd,
  ldpd: async () => (await import("../entry/protocols/ldpd.ts")).ldpd,
};
