import { startRelay } from "../../../../ts/cli/relay/relay.ts";
import * as web from "../../../../ts/entry/web.ts";
import { libraryLaws } from "./laws.ts";
import { relayLaws } from "./relay-laws.ts";

// Checks the laws on the source, and ends with the error of the first that is broken.
for (const { name, holds } of [...libraryLaws, ...relayLaws]) {
  try {
    await holds({ ...web, startRelay });
  } catch (error) {
    console.error(`Error: ${name}: ${String(error)}`);
    process.exit(1);
  }
}
process.exit(0);
