import { messageOf } from "../inspect/packets.ts";
import { RecordingReader } from "../inspect/recording.ts";
import type { Dialect } from "./dialect.ts";
import type { Format } from "./format.ts";
import type { Output } from "./output.ts";

/** Shows the messages of a pcapng recording. Rejects with a RecordingError for bad blocks. */
export async function dumpRecording(
  chunks: AsyncIterable<Uint8Array>,
  format: Format,
  output: Output,
  dialect: Dialect | undefined,
): Promise<void> {
  const reader = new RecordingReader();
  let n = 0;
  for await (const chunk of chunks) {
    for (const packet of reader.push(chunk)) {
      const spoken = dialect ?? reader.dialectOf(packet.connection);
      await output.write(format.message({ ...messageOf(packet, spoken, n), n }));
      n++;
      if (output.gone) return;
    }
  }
  reader.end();
}
