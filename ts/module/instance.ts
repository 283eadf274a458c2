import type { Engine } from "./engine.ts";
import { invalid, isObject } from "./error.ts";

/**
 * The handle of an instance of the module, for the option `instance` of codecs
 * and channels. The instances that `imsg-wasm/c` makes are such handles.
 */
export class InstanceHandle {
  readonly #engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @internal */
  get engine(): Engine {
    return this.#engine;
  }

  /**
   * The engine behind a value that a caller passed as an instance. Throws EINVAL for anything else.
   * @internal
   */
  static engineOf(value: unknown, syscall: string): Engine {
    if (isObject(value) && #engine in value) return value.#engine;
    throw invalid(syscall, "instance must be an ImsgInstance");
  }
}
