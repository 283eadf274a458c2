/** FNV-1a of 32 bits over more bytes. */
export function fnv(hash: number, bytes: Uint8Array): number;
/** What FNV-1a begins with. */
export const FNV: number;

/** The connection of an {@link End}. */
export interface Link {
  write(bytes: Uint8Array<ArrayBuffer>): void;
  end(): void;
  reset(): void;
  close(): void;
  consumed(length: number): void;
  hold?(stopped: boolean): void;
  canWrite?(): boolean;
}

/** The peer's end of a connection that is no socket of the kernel. */
export class End {
  constructor(report: (numbers: number[]) => void);
  opened(link: Link): void;
  received(bytes: Uint8Array): void;
  peerEnded(): void;
  gone(failed: boolean): void;
  proceed(): void;
  report(): void;
  obey(command: string, number?: number, bytes?: Uint8Array<ArrayBuffer>): void;
}
