// A client of a tmux server.

import { randomUUID } from "node:crypto";
import { execute } from "./connection.mjs";
import { openControl } from "./control.mjs";

/** @import { CaptureOptions, CommandOptions, PaneResult, TmuxResult, TmuxServer } from "./types.ts" */

/** tmux's refusal or failure of a command: its own words, and its exit status. */
export class TmuxError extends Error {
  /** @param {readonly string[]} args @param {TmuxResult} result */
  constructor(args, { status, stderr }) {
    const text = stderr.trim();
    super(`tmux ${args[0]}: ${text === "" ? `exit status ${status}` : text}`);
    this.name = "TmuxError";
    this.status = status;
    this.stderr = stderr;
  }
}

/**
 * Runs a command and sets the pane's title to its exit status. tmux would also have the status of a
 * pane that has died, but tmux before 3.5 sometimes misses the end of a child.
 */
const WRAPPER = `sh -c "$1"; printf '\\033]2;%s %d\\033\\\\' "$2" "$?"; read -r _`;

/**
 * A tmux server, by its socket. Every method makes a connection of its own, and rejects
 * with an ImsgError if no server listens there (ENOENT, ECONNREFUSED).
 *
 * @implements {TmuxServer}
 */
export class Tmux {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  /**
   * Runs a tmux command. Resolves with its output and exit status, whatever the status is.
   *
   * @param {readonly string[]} args
   * @param {CommandOptions} [options]
   */
  execute(args, options = {}) {
    return execute(this.path, args, options);
  }

  /**
   * Runs a tmux command and resolves with its output. Rejects with a TmuxError if its
   * exit status is not 0.
   *
   * @param {readonly string[]} args
   * @param {CommandOptions} [options]
   */
  async command(args, options) {
    return new TextDecoder().decode(await this.#output(args, options));
  }

  /** @param {readonly string[]} args @param {CommandOptions} [options] */
  async #output(args, options) {
    const result = await this.execute(args, options);
    if (result.status !== 0) throw new TmuxError(args, result);
    return result.stdout;
  }

  /**
   * Runs a shell command in a pane of its own, waits for its end, and resolves with the text
   * of the pane and the command's exit status. The server needs a session.
   *
   * @param {string} shellCommand
   * @param {Omit<CommandOptions, "stdin">} [options]
   * @returns {Promise<PaneResult>}
   */
  async run(shellCommand, options) {
    // the pane begins with a program that waits, so that all is set when the command starts
    const create = ["new-window", "-d", "-P", "-F", "#{pane_id}", "exec cat"];
    const pane = (await this.command(create, options)).trim();
    const token = `imsg-${randomUUID()}`;
    try {
      const wake = `wait-for -S ${token}`;
      for (const hook of ["pane-title-changed", "pane-died"]) {
        await this.command(["set-hook", "-p", "-t", pane, hook, wake]);
      }
      await this.command(["set-option", "-p", "-t", pane, "remain-on-exit", "on"]);
      const respawn = ["respawn-pane", "-k", "-t", pane];
      if (options?.cwd !== undefined) respawn.push("-c", options.cwd);
      await this.command([...respawn, "sh", "-c", WRAPPER, "sh", shellCommand, token], options);
      const status = await this.#status(pane, token, options);
      return { status, output: await this.capturePane(pane, { history: true }) };
    } finally {
      // the pane may have ended: another client may have killed it, or the server
      await this.execute(["kill-pane", "-t", pane]).catch(() => {});
    }
  }

  /**
   * Waits until the wrapper has set the exit status as title, or the pane has died with it.
   *
   * @param {string} pane
   * @param {string} token
   * @param {CommandOptions} [options]
   */
  async #status(pane, token, options) {
    const look = ["display-message", "-p", "-t", pane, "#{pane_dead} #{pane_title}"];
    for (;;) {
      const enough = AbortSignal.timeout(2000);
      const signal = options?.signal ? AbortSignal.any([options.signal, enough]) : enough;
      try {
        await this.command(["wait-for", token], { signal });
      } catch (error) {
        // tmux signals no end of a pane that it has missed: poll it
        if (error !== enough.reason) throw error;
      }
      const [, dead, title] = /^(\d?) (.*)\n/.exec(await this.command(look)) ?? [];
      // a command may change the title, too
      if (title?.startsWith(`${token} `)) return Number(title.slice(token.length));
      if (dead === "1") throw new Error("the pane died before the command had ended");
    }
  }

  /**
   * The text of a pane, lines that wrap put together again.
   *
   * @param {string} target
   * @param {CaptureOptions} [options]
   */
  async capturePane(target, { history = false, signal } = {}) {
    const args = ["capture-pane", "-p", "-J", "-t", target];
    if (history) args.push("-S", "-");
    const text = await this.command(args, signal && { signal });
    // a screen is filled with empty lines
    const written = text.replace(/[ \n]+$/, "");
    return written === "" ? "" : `${written}\n`;
  }

  /** The sessions of the server. */
  async listSessions() {
    // a name cannot contain a colon
    const format = "#{session_name}:#{session_windows}:#{session_attached}:#{session_created}";
    const lines = (await this.command(["list-sessions", "-F", format])).split("\n").slice(0, -1);
    return lines.map((line) => {
      const [name = "", windows, attached, created] = line.split(":");
      return {
        name,
        windows: Number(windows),
        attached: Number(attached),
        created: new Date(Number(created) * 1000),
      };
    });
  }

  /**
   * Fills a paste buffer.
   *
   * @param {string} name
   * @param {Uint8Array | string} data
   */
  async loadBuffer(name, data) {
    await this.#output(["load-buffer", "-b", name, "-"], { stdin: data });
  }

  /** The bytes of a paste buffer. */
  showBuffer(/** @type {string} */ name) {
    return this.#output(["show-buffer", "-b", name]);
  }

  /**
   * Attaches a client in control mode to a session. Needs the means to pass descriptors.
   *
   * @param {string} target a session
   */
  control(target) {
    return openControl(this.path, target);
  }
}
