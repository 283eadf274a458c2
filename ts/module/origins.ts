import type { ObjectKind } from "./engine.ts";

/** In debug mode: where an object was made, and where it was disposed or moved. */
export class Origin {
  readonly kind: ObjectKind;
  /** The stack trace of the construction. */
  readonly trace = trace();
  readonly #alive: Set<Origin>;
  #ended: string | undefined;

  constructor(kind: ObjectKind, alive: Set<Origin>) {
    this.kind = kind;
    this.#alive = alive;
    alive.add(this);
  }

  /** The garbage collector has found the object. */
  forget(): void {
    this.#alive.delete(this);
  }

  /** The object is being disposed or moved. */
  end(): void {
    this.forget();
    this.#ended = trace();
  }

  /** Says where the object was made, and where it came to its state. */
  describe(state: string): string {
    return `created\n${this.trace}\n${state}\n${this.#ended}`;
  }
}

/** In debug mode: the origins of the objects of an engine that are alive. */
export class Origins {
  readonly alive = new Set<Origin>();

  /** Notes where an object is being made. */
  add(kind: ObjectKind): Origin {
    return new Origin(kind, this.alive);
  }
}

function trace(): string {
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  return lines.filter((line) => !/[/\\]module[/\\](?:live|origins)\./.test(line)).join("\n");
}
