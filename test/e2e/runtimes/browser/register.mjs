import { test } from "vitest";

/** Makes a case a test of vitest's, which reports of an error only its stack. */
export function register(name, absent, run) {
  test(name, { meta: { absent } }, async () => {
    try {
      await run();
    } catch (error) {
      // Firefox's and WebKit's stacks do not say what happened
      if (!error.stack.includes(error.message)) error.stack = `${error}\n${error.stack}`;
      throw error;
    }
  });
}
