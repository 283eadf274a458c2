// The suite on a page.
import { inject } from "vitest";
import { casesHere } from "./cases.mjs";
import { register } from "./register.mjs";

const { cases, absent } = casesHere(inject("relay"));
for (const { name, run } of cases) register(name, absent, run);
