import { inside, type Resolved } from "./field.ts";

/** Reads elements that follow each other. An error names the element. */
export function readAll<Out>(
  element: Resolved<Out, never>,
  view: DataView,
  at: number,
  length: number,
  tag?: unknown,
): Out[] {
  const all: Out[] = [];
  try {
    while (all.length < length) {
      all.push(element.read(view, at + all.length * element.size, tag));
    }
  } catch (error) {
    throw inside(all.length, error);
  }
  return all;
}

/** Writes the first `length` elements of an array. An error names the element. */
export function writeAll<In>(
  element: Resolved<unknown, In>,
  view: DataView,
  at: number,
  values: readonly In[],
  length: number,
): void {
  let i = 0;
  try {
    for (; i < length; i++) element.write(view, at + i * element.size, values[i] as In);
  } catch (error) {
    throw inside(i, error);
  }
}
