import { test } from "vitest";

/** Registers a case as a test of vitest, which reports only the stack of an error. */
export function register(name, absent, run) {
  test(name, { meta: { absent } }, async () => {
    try {
      await run();
    } catch (error) {
      // the stacks of Firefox and WebKit lack the message
      if (!error.stack.includes(error.message)) error.stack = `${error}\n${error.stack}`;
      throw error;
    }
  });
}
