import { inside } from "./field.ts";
import type { Place } from "./place.ts";

/**
 * The class of objects that decode a field when it is read; `named` makes the error that is thrown of
 * a field's.
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
          throw named(inside(name, error));
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
