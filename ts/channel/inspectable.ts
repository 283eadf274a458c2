const CUSTOM = /* @__PURE__ */ Symbol.for("nodejs.util.inspect.custom");

/**
 * Lets `console.log` of Node, Deno and Bun print the state of a class's objects. Done
 * with the first object: a computed name in the class would keep bundlers from
 * dropping a class that is not used.
 */
export function makeInspectable<T extends object>(
  prototype: T,
  name: string,
  describe: (object: T) => object,
): void {
  if (CUSTOM in prototype) return;
  Object.defineProperty(prototype, CUSTOM, {
    value(this: T, _: unknown, options: object, inspect?: typeof String) {
      const state = describe(this);
      const print = inspect as ((value: unknown, options: object) => string) | undefined;
      return print === undefined ? state : `${name} ${print(state, options)}`;
    },
  });
}
