/** How a tmux command ended. */
export interface TmuxResult {
  /** tmux's exit status; that of the shell command for run-shell. */
  status: number;
  stdout: Uint8Array<ArrayBuffer>;
  stderr: string;
}

export interface CommandOptions {
  /** The bytes of the command's standard input, which `load-buffer -` reads. */
  stdin?: Uint8Array | string;
  /** The folder in which new panes start; the process's if absent. */
  cwd?: string;
  /** Aborts the command: the connection is broken off. */
  signal?: AbortSignal;
  /**
   * How long the server may be silent before it is asked whether it is there, and then take to
   * answer, in milliseconds; 10,000 if absent. A command may take longer.
   */
  patience?: number;
}

export interface TmuxSession {
  name: string;
  windows: number;
  attached: number;
  created: Date;
}

/** How a shell command ended that ran in a pane. */
export interface PaneResult {
  /** The exit status; 128 and the signal's number if a signal ended it. */
  status: number;
  /** The pane's content, its history included: standard output and errors. */
  output: string;
}

export interface CaptureOptions {
  /** Whether the history is wanted too, not the visible lines only. */
  history?: boolean;
  signal?: AbortSignal;
}

/** A notification of tmux: a line that begins with %. */
export interface Notification {
  /** Its name without the %, such as `window-add`. */
  name: string;
  /** The rest of the line behind the name, unchanged. */
  text: string;
}

/** A client in control mode: it sends commands and receives notifications. */
export interface ControlClient {
  /** Carries out a command and resolves with its output; rejects with the error text of tmux. */
  command(line: string): Promise<string>;
  /** The notifications from now on, without the output of panes. */
  notifications(): AsyncGenerator<Notification>;
  /** The bytes that a pane writes from now on, until it closes; the pane by its id, such as %0. */
  output(pane: string): AsyncGenerator<Uint8Array>;
  /** Detaches, and closes the connection. */
  close(): Promise<void>;
}

/** A tmux server. */
export interface TmuxServer {
  readonly path: string;
  execute(args: readonly string[], options?: CommandOptions): Promise<TmuxResult>;
  command(args: readonly string[], options?: CommandOptions): Promise<string>;
  run(shellCommand: string, options?: Omit<CommandOptions, "stdin">): Promise<PaneResult>;
  capturePane(target: string, options?: CaptureOptions): Promise<string>;
  listSessions(): Promise<TmuxSession[]>;
  loadBuffer(name: string, data: Uint8Array | string): Promise<void>;
  showBuffer(name: string): Promise<Uint8Array<ArrayBuffer>>;
  control(target: string): Promise<ControlClient>;
}

/** The exports of client.mjs. */
export interface TmuxModule {
  Tmux: new (path: string) => TmuxServer;
  TmuxError: new (args: readonly string[], result: TmuxResult) => Error & TmuxFailure;
}

export interface TmuxFailure {
  status: number;
  stderr: string;
}
