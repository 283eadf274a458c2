/** The counts of the peer's end; see peer.c. */
export interface Counts {
  readonly commands: number;
  readonly connections: number;
  readonly read: number;
  /** FNV-1a of 32 bits over the bytes that were read. */
  readonly hash: number;
  readonly sent: number;
  readonly queued: number;
  /** Whether the channel has ended its side. */
  readonly ended: boolean;
  readonly failed: boolean;
  readonly fds: number;
  /** The sum of the inodes of the descriptors. */
  readonly inodes: number;
}

function countsOf(numbers: readonly number[]): Counts {
  const [commands, connections, read, hash, sent, queued, ended, failed, fds, inodes] =
    numbers as number[] & { length: 10 };
  return {
    ...{ commands: commands!, connections: connections!, read: read!, hash: hash! },
    ...{ sent: sent!, queued: queued!, ended: ended !== 0, failed: failed !== 0 },
    ...{ fds: fds!, inodes: inodes! },
  };
}

/** A command of peer.c, and its number or bytes. */
export interface Order {
  readonly command: "b" | "e" | "r" | "x" | "s" | "g" | "k" | "n";
  readonly number?: number;
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** The name of the memory file that travels with the bytes. */
  readonly file?: string | undefined;
}

const NOTHING = countsOf([0, 0, 0, 2_166_136_261, 0, 0, 0, 0, 0, 0]);

/** The peer of the lives, which executes commands and counts the bytes that it receives. */
export abstract class Remote {
  counts: Counts = NOTHING;
  #orders = 0;
  #connections = 0;
  /** Whether it was killed in this life. */
  killed = false;
  /** Whether the runtime does not report that the peer has closed its end, or has died. */
  vanishes = false;

  /** Starts it, if it does not run. */
  abstract start(): Promise<void>;
  /** Ends it, as a crash would. */
  protected abstract end(): Promise<void>;
  protected abstract post(order: Order): void;

  /** Whether it has obeyed everything. */
  get idle(): boolean {
    return this.killed || this.counts.commands === this.#orders;
  }

  /** Whether it has the connection of this life. */
  get connected(): boolean {
    return this.counts.connections === this.#connections + 1;
  }

  tell(order: Order): void {
    if (this.killed) return;
    this.#orders++;
    this.post(order);
  }

  /** Kills it: the system ends its connection. */
  async kill(): Promise<void> {
    if (this.killed) return;
    this.killed = true;
    await this.end();
  }

  /** Prepares it for the next life. */
  async next(): Promise<void> {
    if (this.killed) {
      this.counts = NOTHING;
      this.#orders = 0;
      this.#connections = 0;
      this.killed = false;
      await this.start();
      return;
    }
    this.#connections = this.counts.connections;
    this.tell({ command: "n" });
  }

  protected counted(numbers: readonly number[]): void {
    this.counts = countsOf(numbers);
  }

  async stop(): Promise<void> {
    await this.end();
  }
}

/** A peer that reads commands and prints numbers as peer.c does. */
export abstract class LineRemote extends Remote {
  /** The port or path at which it listens. */
  address = "";

  /** Writes to its standard input. */
  protected abstract write(data: string | Uint8Array): void;

  /**
   * Starts the peer by `listen`, and resolves when the peer has printed its address. `listen` calls
   * `printed` with each piece of the peer's output, and `failed` if the peer ends early.
   */
  protected async starts(
    listen: (printed: (text: string) => void, failed: (error: unknown) => void) => void,
  ): Promise<void> {
    let rest = "";
    this.address = await new Promise((resolve, reject) => {
      listen((text) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        const first = lines.find((line) => line.startsWith("L "));
        if (first !== undefined) resolve(first.slice(2));
        const last = lines.at(-1);
        if (last !== undefined && !last.startsWith("L ")) this.counted(last.split(" ").map(Number));
      }, reject);
    });
  }

  protected post({ command, number, bytes, file }: Order): void {
    this.write(`${command} ${bytes?.length ?? number ?? ""} ${file ?? ""}\n`);
    if (bytes !== undefined) this.write(bytes);
  }
}
