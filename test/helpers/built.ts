import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NEEDED = [
  "c-src/upstream/imsg.h",
  "ts/generated/imsg.ts",
  "ts/generated/imsg-core.ts",
  "ts/generated/imsg-debug.ts",
  "wasm/imsg.wasm",
  "dist/package.stamp",
  "build/native/peer",
];

/** Fails before the first test if the files that the tests need have not been built. */
export function setup(): void {
  const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));
  const missing = NEEDED.filter((name) => !existsSync(path(name)));
  if (missing.length === 0) {
    const [built, packed] = ["wasm/imsg.wasm", "dist/imsg.wasm"].map((name) =>
      readFileSync(path(name)),
    );
    if (built!.equals(packed!)) return;
    throw new Error('dist/ holds another module than wasm/. Run "make package".');
  }
  throw new Error(
    `The tests need ${missing.join(", ")}. Run "make test", which builds what is missing and runs ` +
      `the tests, or "make package native" before "npm test".`,
  );
}
