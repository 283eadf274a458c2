import type { Engine } from "../module/engine.ts";

/** Describes the live objects, values and bytes of an engine; undefined if there are none. */
export function describeLeaks(engine: Engine): string | undefined {
  const objects = Object.entries(engine.live).filter(([, count]) => count !== 0);
  const values = engine.values.size;
  const bytes = engine.call.mem_live() >>> 0;
  if (objects.length === 0 && values === 0 && bytes === 0) return undefined;
  const kinds = objects.map(([kind, count]) => `${count} ${kind}`);
  if (values > 0) kinds.push(`${values} behind descriptors`);
  kinds.push(`${bytes} bytes`);
  const places = [...(engine.origins?.alive ?? [])].map(
    ({ kind, trace }) => `${kind} created\n${trace}`,
  );
  return [kinds.join(", "), ...places].join("\n");
}
