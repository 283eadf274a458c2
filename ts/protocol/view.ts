import type { Place } from "./place.ts";

/** The class of objects that decode a field when it is read. */
export function viewClass(places: readonly Place[]): new (view: DataView) => object {
  const names = places.map(({ name }) => name);
  class LayoutView {
    readonly #view: DataView;

    constructor(view: DataView) {
      this.#view = view;
    }

    toJSON(): object {
      const self = this as unknown as Record<string, unknown>;
      return Object.fromEntries(names.map((name) => [name, self[name]]));
    }

    /** A getter of a field. */
    static field({ offset, field }: Place): (this: LayoutView) => unknown {
      const { tag } = field;
      if (tag === undefined) {
        return function (this: LayoutView) {
          return field.read(this.#view, offset);
        };
      }
      return function (this: LayoutView) {
        return field.read(this.#view, offset, (this as unknown as Record<string, unknown>)[tag]);
      };
    }
  }
  for (const place of places) {
    const get = LayoutView.field(place);
    Object.defineProperty(LayoutView.prototype, place.name, { get, enumerable: true });
  }
  return LayoutView;
}
