import process from "node:process";
import { faults, findFaults, plant, realFaults } from "./faults.ts";

// Looks for all planted faults, or for those whose description contains an argument.
const [only = "", seed = "1"] = process.argv.slice(2);
const all = [...faults, ...realFaults];
const list = all.filter(({ browser = "", file, what }) =>
  `${browser} ${file}: ${what}`.includes(only),
);
for (const fault of all) plant(fault); // throws if a text has changed
let found = 0;
await findFaults(list, Number(seed), ({ file, what }, how) => {
  if (how !== undefined) found++;
  console.log(`${file}: ${what}: ${how ?? "NOT FOUND"}`);
});
console.log(`faults: ${list.length}, found: ${found}`);
process.exitCode = found === list.length ? 0 : 1;
