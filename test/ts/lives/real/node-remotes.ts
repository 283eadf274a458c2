import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { LineRemote, type Order, Remote } from "./remote.ts";

/** A peer in a process of its own. */
export class ProcessRemote extends LineRemote {
  readonly #command: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  /** Its process id. */
  get pid(): number {
    return this.#child!.pid!;
  }

  constructor(command: string, args: readonly string[]) {
    super();
    this.#command = command;
    this.#args = args;
  }

  async start(): Promise<void> {
    const child = spawn(this.#command, [...this.#args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    child.stdin!.on("error", () => {}); // it was killed
    await this.starts((printed, failed) => {
      child.on("error", failed);
      child.on("exit", (status) => failed(new Error(`the peer has exited: ${status}`)));
      child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        if (child === this.#child) printed(text);
      });
    });
  }

  protected write(data: string | Uint8Array): void {
    this.#child!.stdin!.write(data);
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

  /** Connects it with its end of a connection. */
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
