import { ImsgError } from "../module/error.ts";
import { inside } from "./field.ts";
import type { Place } from "./place.ts";

/** Whether the buffer of a view has been detached, or has become shorter than the view. */
function isStale(view: DataView): boolean {
  try {
    return view.byteLength < 0;
  } catch {
    return true;
  }
}

const stale = (cause: unknown): ImsgError =>
  new ImsgError("ERR_IMSG_STALE", { detail: "the payload is detached, or has shrunk", cause });

/**
 * Returns the class of objects that decode a field when the field is read. `named` converts a
 * field's error into the one that the object throws.
 */
export function viewClass(
  places: readonly Place[],
  named: (error: unknown) => unknown,
): new (
  view: DataView,
) => object {
  const names = places.map(({ name }) => name);
  class LayoutView {
    readonly #view: DataView;

    constructor(view: DataView) {
      this.#view = view;
    }

    toJSON(): object {
      const self = this as unknown as Record<string, unknown>;
      // Object.fromEntries defines properties, and so has one even for __proto__
      return Object.fromEntries(names.map((name) => [name, self[name]]));
    }

    /** A getter of a field. */
    static field({ name, offset, field }: Place): (this: LayoutView) => unknown {
      const { tag } = field;
      return function (this: LayoutView) {
        const selected =
          tag === undefined ? undefined : (this as unknown as Record<string, unknown>)[tag];
        try {
          return field.read(this.#view, offset, selected);
        } catch (error) {
          throw isStale(this.#view) ? stale(error) : named(inside(name, error));
        }
      };
    }
  }
  for (const place of places) {
    const get = LayoutView.field(place);
    Object.defineProperty(LayoutView.prototype, place.name, { get, enumerable: true });
  }
  return LayoutView;
}
