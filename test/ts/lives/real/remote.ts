import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { End } from "./end.mjs";

/** What the peer's end has counted; see peer.c. */
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

/** The peer of the lives, which does what it is told and counts what it gets. */
export abstract class Remote {
  counts: Counts = NOTHING;
  #orders = 0;
  #connections = 0;
  /** Whether it was killed in this life. */
  killed = false;

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
    this.killed = true;
    await this.end();
  }

  /** Prepares it for the next life. */
  async next(): Promise<void> {
    if (this.killed) {
      this.counts = NOTHING;
      this.#orders = 0;
      this.#connections = 0;
      await this.start();
      this.killed = false;
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

/** A peer in a process of its own. */
export class ProcessRemote extends Remote {
  readonly #command: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  /** Its process id. */
  get pid(): number {
    return this.#child!.pid!;
  }

  /** The port or path at which it listens. */
  address = "";

  constructor(command: string, args: readonly string[]) {
    super();
    this.#command = command;
    this.#args = args;
  }

  async start(): Promise<void> {
    const child = spawn(this.#command, [...this.#args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    child.stdin!.on("error", () => {}); // it was killed
    let rest = "";
    this.address = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (status) => reject(new Error(`the peer has exited: ${status}`)));
      child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        const first = lines.find((line) => line.startsWith("L "));
        if (first !== undefined) resolve(first.slice(2));
        const last = lines.at(-1);
        if (child === this.#child && last !== undefined && !last.startsWith("L ")) {
          this.counted(last.split(" ").map(Number));
        }
      });
    });
  }

  protected post({ command, number, bytes, file }: Order): void {
    const { stdin } = this.#child!;
    const value = bytes?.length ?? number ?? "";
    stdin!.write(`${command} ${value} ${file ?? ""}\n`);
    if (bytes !== undefined) stdin!.write(bytes);
  }

  protected async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }
}

/** A peer in a worker, to which ports are sent. */
export class WorkerRemote extends Remote {
  readonly #file: string;
  #worker: Worker | undefined;

  constructor(file: string) {
    super();
    this.#file = file;
  }

  async start(): Promise<void> {
    const worker = new Worker(this.#file);
    this.#worker = worker;
    worker.on("message", (numbers: number[]) => {
      if (worker === this.#worker) this.counted(numbers);
    });
    await once(worker, "online");
  }

  /** Gives it its end of a connection. */
  connect(port: MessagePort): void {
    this.#worker!.postMessage({ port }, [port as never]);
  }

  protected post(order: Order): void {
    this.#worker!.postMessage(order);
  }

  protected async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/** A peer in this program, at the other end of streams. */
export class StreamsRemote extends Remote {
  #end = new End((numbers) => this.counted(numbers));

  async start(): Promise<void> {
    this.#end = new End((numbers) => this.counted(numbers));
  }

  /** Gives it its end of a connection. */
  connect(
    readable: ReadableStream<Uint8Array>,
    writable: WritableStream<Uint8Array<ArrayBuffer>>,
  ): void {
    const end = this.#end;
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    const ignore = (): void => {};
    let wake = ignore;
    let stopped = false;
    let current = true;
    writer.closed.catch(ignore);
    end.opened({
      write: (bytes) => void writer.write(bytes).catch(ignore),
      end: () => void writer.close().catch(ignore),
      reset() {
        current = false;
        writer.abort(new Error("the peer resets the streams")).catch(ignore);
        reader.cancel(new Error("the peer resets the streams")).catch(ignore);
      },
      close() {
        current = false;
        writer.close().catch(ignore);
        reader.cancel().catch(ignore);
      },
      consumed: ignore,
      hold(hold) {
        stopped = hold;
        wake();
      },
    });
    const readAll = async (): Promise<void> => {
      while (current) {
        while (stopped && current) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const { value, done } = await reader.read();
        if (!current) return;
        if (done) break;
        end.received(value);
      }
      end.peerEnded();
    };
    readAll().catch(() => {
      if (current) end.gone(true);
    });
  }

  protected post({ command, number, bytes }: Order): void {
    this.#end.obey(command, number, bytes);
  }

  protected async end(): Promise<void> {
    this.#end.obey("r");
  }
}
