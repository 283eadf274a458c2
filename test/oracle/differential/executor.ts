import type { ImsgInstance } from "../../../ts/c/index.ts";
import { ImsgError } from "../../../ts/c/index.ts";
import { ibufOperations } from "./executor-ibuf.ts";
import { imsgOperations } from "./executor-imsg.ts";
import { kernelOperations } from "./executor-kernel.ts";
import { Refusal, type Run, Slots } from "./executor-slots.ts";
import { valueOperations } from "./executor-values.ts";
import type { OperationName } from "./operations.ts";
import { evaluateBytes, type Operation, type Program } from "./program.ts";

const runs: Record<OperationName, Run> = {
  ...kernelOperations,
  ...valueOperations,
  ...ibufOperations,
  ...imsgOperations,
};

const FAILING_BYTES = 512;

/** Runs programs on the wrapper and writes the transcripts that the driver writes. */
export class Executor {
  readonly #instance: ImsgInstance;

  constructor(instance: ImsgInstance) {
    this.#instance = instance;
  }

  run(program: Program): string {
    this.#instance.setPid(1);
    const slots = new Slots(this.#instance);
    const before = this.#instance.stats().liveBytes;
    let text = "begin\n";
    for (const [i, operation] of program.entries()) {
      const name = operation[0];
      slots.start(operation);
      this.#arm(slots, operation);
      try {
        runs[name](slots);
      } catch (error) {
        slots.line += errorResult(error);
      }
      this.#instance.failAllocation(0);
      // the state of the object, also after an error
      try {
        slots.observeTouched();
      } catch (error) {
        slots.line += ` observing${errorResult(error)}`;
      }
      text += `${i} ${name}${slots.line}${slots.values.report()}\n`;
    }
    text += `end${slots.values.table()}`;
    slots.end();
    text += `${slots.values.report()}${slots.values.kept()} left ${this.#left(before)}\n`;
    return text;
  }

  /**
   * Makes an allocation fail in the operation that follows the request, if the
   * operation opens no descriptor and has no more bytes than the wrapper passes
   * without an allocation of its own.
   */
  #arm(slots: Slots, [name, ...args]: Operation): void {
    const failure = slots.failNext;
    slots.failNext = undefined;
    if (failure?.operation !== name || args.includes("n")) return;
    const bytes = args.filter((arg) => typeof arg === "string" && /^[xpzm]/.test(arg));
    const total = bytes.reduce((sum: number, arg) => sum + evaluateBytes(arg).length, 0);
    if (total <= FAILING_BYTES) this.#instance.failAllocation(failure.allocation);
  }

  /** Counts the objects that should not be alive: "0" if there is none. */
  #left(before: number): string {
    const { liveBytes, objects, descriptors } = this.#instance.stats();
    const alive = Object.entries(objects).filter(([, count]) => count !== 0);
    if (liveBytes === before && alive.length === 0 && descriptors === 0) return "0";
    return `${liveBytes - before} bytes, ${descriptors} values, ${JSON.stringify(alive)}`;
  }
}

function errorResult(error: unknown): string {
  if (error instanceof ImsgError) return ` ! ${error.code}`;
  if (error instanceof Refusal) return " ! REFUSED";
  return ` threw ${String(error)}`;
}
