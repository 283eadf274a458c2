// Writes seeds for the fuzzer: recorded sessions with a head that cuts them in
// chunks, and short programs. `make fuzz` runs it. Inputs that the fuzzer found
// lie in corpus/.
//
//   node test/c/fuzz/seed.mjs FOLDER

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("seed: no folder given");
  process.exit(1);
}

function keep(target, bytes) {
  const name = createHash("sha1").update(bytes).digest("hex");
  mkdirSync(join(folder, target), { recursive: true });
  writeFileSync(join(folder, target, name), bytes);
}

const u16 = (n) => [n & 0xff, n >> 8];

/** The head of an input of stream.c, before the bytes of the stream. */
const head = (flags, maxsize, repeat, fds, chunks) =>
  Buffer.from([
    flags,
    ...u16(maxsize),
    repeat,
    ...u16(fds & 0xffff),
    ...u16(fds >>> 16),
    chunks.length,
    ...chunks.flatMap(u16),
  ]);

/** Messages of these payload sizes; every third with the mark of a descriptor. */
function stream(sizes) {
  return Buffer.concat(
    sizes.map((size, i) => {
      const message = Buffer.alloc(16 + size, i);
      const mark = i % 3 === 2 ? 0x80000000 : 0;
      for (const [j, word] of [i, 16 + size + mark, i * 7, i % 2].entries()) {
        message.writeUInt32LE(word, j * 4);
      }
      return message;
    }),
  );
}

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));
for (const name of readdirSync(fixtures).filter((file) => file.endsWith(".bin"))) {
  const bytes = readFileSync(join(fixtures, name));
  keep("stream", Buffer.concat([head(2, 0, 0, 0, []), bytes]));
  // the classic dialect, with descriptors
  keep("stream", Buffer.concat([head(0x43, 0, 3, 0xffff, [17, 5, 20]), bytes]));
  keep("stream", Buffer.concat([head(3, 0, 3, 0xffff, [1, 15, 16, 17, 300]), bytes]));
}
const sizes = [0, 1, 15, 16, 17, 100, 1000];
keep("stream", Buffer.concat([head(3, 0, 31, -1, []), stream(sizes)]));
keep("stream", Buffer.concat([head(3, 0, 0, 5, [8, 8, 16, 1]), stream([...sizes].reverse())]));
keep("stream", Buffer.concat([head(7, 0, 31, 3, [4, 40, 20]), stream([0, 0, 0, 0])]));
// larger than the window, by way of repetitions of one header's payload
const large = stream([0x11ff0]);
keep("stream", Buffer.concat([head(0x1f, 0xffff, 3, 1, [100]), large.subarray(0, 2000)]));
// a header that is refused, behind a good one
keep("stream", Buffer.concat([head(2, 0, 0, 0, []), stream([4]), Buffer.alloc(16)]));

// programs: a byte for the kind, one for the operation, then its arguments
keep("ops", Buffer.from([6, 12, 0, 4, 1, 0, 0, 4, 26, 0, 50, 0, 4, 6, 0, 6, 11, 0]));
keep("ops", Buffer.from([0, 0, 0, 60, 0, 11, 0, 3, 7, 3, 1, 0, 1, 0, 2, 5, 1, 9, 3, 2, 2, 2]));
keep(
  "ops",
  Buffer.from([7, 1, 0, 4, 7, 12, 0, 3, 1, 20, 0, 2, 30, 1, 3, 40, 2, 7, 7, 0, 7, 2, 0, 0]),
);
keep("alloc", Buffer.from(Array.from({ length: 200 }, (_, i) => (i * 37) & 0xff)));
keep("alloc", Buffer.from(Array.from({ length: 200 }, (_, i) => (i * i) & 0xff)));
