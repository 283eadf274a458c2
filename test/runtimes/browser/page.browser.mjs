// The suite on a page.
import { inject, test } from "vitest";
import { casesHere } from "./cases.mjs";

const { cases, absent } = casesHere(inject("relay"));
for (const { name, run } of cases) test(name, { meta: { absent } }, run);
