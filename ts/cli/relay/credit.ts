import { Credit, WINDOW } from "../../transports/credit.ts";
import { CloseCode, Closing } from "./closing.ts";

/** A text frame that is credit: a decimal number. */
const NUMBER = /^[1-9]\d{0,9}$/;

/**
 * The flow control of a connection under the subprotocol imsg.credit, in both
 * directions. The library's {@link Credit}, and the books of what the client was
 * granted: one that sends more is refused, so its bytes never pile up.
 */
export class ClientCredit extends Credit {
  readonly #books: { allowed: number };

  /** @param grant sends a text frame to the client */
  constructor(grant: (text: string) => void) {
    const books = { allowed: WINDOW };
    super((bytes) => {
      books.allowed += bytes;
      grant(String(bytes));
    });
    this.#books = books;
  }

  /** Counts bytes of the client. Returns false if it had no credit left for them. */
  spent(bytes: number): boolean {
    const had = this.#books.allowed > 0;
    this.#books.allowed -= bytes;
    return had;
  }

  /** Adds the credit that a text frame of the client grants. Throws a {@link Closing} or EBADMSG if it is no credit. */
  override earn(text: unknown): void {
    const digits = String(text);
    if (!NUMBER.test(digits)) {
      throw new Closing(CloseCode.badData, "a text frame must be credit: a number");
    }
    super.earn(Number(digits));
  }
}
