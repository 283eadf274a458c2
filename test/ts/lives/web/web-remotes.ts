import { LineRemote, type Order, Remote } from "../real/remote.ts";

/** Where the driver has the programs of the peers; see drive.ts. */
const { port } = location;
const WORKER = "/lives/web/worker-peer.mjs";
/** Another site than the page's, so that browsers run it in another process. */
const FRAME = `http://localhost:${port}/peer.html`;
const EMPTY = `http://localhost:${port}/empty.html`;

const once = (target: EventTarget, type: string): Promise<Event> =>
  new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

/** A peer in a process that the driver runs: one for each WebSocket, whose end kills it. */
export class DrivenRemote extends LineRemote {
  #socket: WebSocket | undefined;

  async start(): Promise<void> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/peer`);
    this.#socket = socket;
    await this.starts((printed, failed) => {
      socket.onclose = () => failed(new Error("the peer has exited"));
      socket.onmessage = ({ data }) => {
        if (socket === this.#socket) printed(data as string);
      };
    });
  }

  protected write(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket!.send(data);
  }

  protected async end(): Promise<void> {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** A peer in a worker of the page, to which ports are sent. */
export class WebWorkerRemote extends Remote {
  override vanishes = !("onclose" in MessagePort.prototype);
  #worker: Worker | undefined;

  async start(): Promise<void> {
    const worker = new Worker(WORKER, { type: "module" });
    this.#worker = worker;
    worker.onmessage = ({ data }) => {
      if (worker === this.#worker) this.counted(data);
    };
  }

  /** Connects it with its end of a connection. */
  connect(port: MessagePort): void {
    this.#worker!.postMessage({ port }, [port]);
  }

  protected post(order: Order): void {
    this.#worker!.postMessage(order);
  }

  protected async end(): Promise<void> {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** The ways in which a peer in a frame dies. */
const DEATHS = ["connection", "frame", "process"] as const;

function addFrame(src: string): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  frame.src = src;
  document.body.append(frame);
  return frame;
}

/** A peer in a frame of the page, at the other end of an RTCPeerConnection. */
export class FrameRemote extends Remote {
  #frame: HTMLIFrameElement | undefined;
  /** Another frame of the peer's site: the last one takes the process with it. */
  #keeper: HTMLIFrameElement | undefined;
  #control: MessagePort | undefined;
  #connection: RTCPeerConnection | undefined;
  #answered: (answer: RTCSessionDescriptionInit) => void = () => {};
  #deaths = 0;

  async start(): Promise<void> {
    await this.stop();
    this.vanishes = false;
    const ready = once(window, "message");
    this.#frame = addFrame(FRAME);
    this.#keeper = addFrame(EMPTY);
    const [control] = ((await ready) as MessageEvent).ports;
    this.#control = control!;
    control!.onmessage = ({ data: { answer, numbers } }) => {
      if (answer !== undefined) this.#answered(answer);
      else if (control === this.#control) this.counted(numbers);
    };
    await this.#call(control!);
  }

  async #call(control: MessagePort): Promise<void> {
    const connection = new RTCPeerConnection();
    this.#connection = connection;
    const first = connection.createDataChannel("first"); // a connection needs one
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await once(connection, "icegatheringstatechange");
    }
    const answer = new Promise<RTCSessionDescriptionInit>((resolve) => {
      this.#answered = resolve;
    });
    control.postMessage({ offer: connection.localDescription!.toJSON() });
    await connection.setRemoteDescription(await answer);
    if (first.readyState !== "open") await once(first, "open");
  }

  /** A new data channel to it. */
  async connect(protocol: string): Promise<RTCDataChannel> {
    const channel = this.#connection!.createDataChannel("life", { protocol });
    await once(channel, "open");
    return channel;
  }

  protected post(order: Order): void {
    this.#control!.postMessage(order);
  }

  /** Its connection is closed, its frame goes, or the frame's whole process, in turn. */
  protected async end(): Promise<void> {
    const how = DEATHS[this.#deaths++ % DEATHS.length];
    if (how === "connection") this.#control!.postMessage({ dies: true });
    else this.#frame!.remove();
    if (how === "process") {
      this.vanishes = true; // Chromium's connection fails after 15 s; the data channel reports nothing
      this.#keeper!.remove();
    }
    this.#control = undefined;
  }

  override async stop(): Promise<void> {
    this.#keeper?.remove();
    this.#frame?.remove();
    this.#connection?.close();
  }
}
