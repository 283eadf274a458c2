// Standard output of a command: an error of the stream rejects a write, and does not crash the command.

/** The reader of the output has closed it: the command ends, without an error. */
class ReaderGone extends Error {}

/** The command line is wrong; the message names the wrong word. */
export class UsageError extends Error {}

const CHUNK = 65_536;

/** Text for a stream, written in large pieces. */
export class Printer {
  #stream;
  #text = "";

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream;
    // each write reports its own error
    stream.on("error", () => {});
  }

  /** Adds text. Rejects as {@link flush} does. */
  async write(/** @type {string} */ text) {
    this.#text += text;
    if (this.#text.length >= CHUNK) await this.flush();
  }

  /** Writes the added text. Rejects with ReaderGone if the reader has closed the output, else with the error. */
  async flush() {
    const text = this.#text;
    this.#text = "";
    if (text !== "") await this.writeNow(text);
  }

  /** Writes text or bytes at once. */
  async writeNow(/** @type {string | Uint8Array} */ data) {
    if (data.length === 0) return;
    try {
      await new Promise((resolve, reject) => {
        this.#stream.write(data, (error) => (error ? reject(error) : resolve(undefined)));
      });
    } catch (error) {
      const { code = "", message = "" } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED") throw new ReaderGone();
      throw new Error(`standard output: ${message}`);
    }
  }
}

/**
 * Runs a command and sets the exit code: what `main` returns, 0 if the reader of the output has
 * gone, 2 with the usage for a UsageError, 1 with the error's message for any other error.
 *
 * @param {string} name the command's, for messages
 * @param {string} usage
 * @param {(out: Printer) => Promise<number>} main
 */
export async function runMain(name, usage, main) {
  process.stderr.on("error", () => {});
  const out = new Printer(process.stdout);
  try {
    const code = await main(out);
    await out.flush();
    process.exitCode = code;
  } catch (error) {
    if (error instanceof ReaderGone) return;
    // the lines before the error are complete
    if (!(error instanceof UsageError)) await out.flush().catch(() => {});
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${usage}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
