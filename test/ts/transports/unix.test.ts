import { nodeUnix } from "../../../ts/transports/unix-node.ts";
import { rawSockets } from "../descriptors/made.ts";
import { isOpen, openNull, what } from "../descriptors/open.ts";
import { type Pair, transportContract } from "./contract.ts";

const unix = await nodeUnix();

function pair(): Pair {
  const [one, two] = rawSockets();
  const [a, b] = [unix.open(one), unix.open(two)];
  // abort closes the socket and does nothing else
  return { a, b, vanish: () => b.abort(new Error("vanished")) };
}

transportContract("a Unix socket in descriptor mode", pair, {
  vanishes: true,
  seesGone: true,
  seesGoneWhilePaused: true,
  keepsSent: true,
  keepsArrived: true,
  value: () => {
    const value = openNull();
    const file = what(value);
    return {
      value,
      same: (arrived) => what(arrived as number) === file,
      isOpen: () => isOpen(value),
    };
  },
});
