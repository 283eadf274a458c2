/** The inputs of a target. */
export function inputsOf(target: string): Buffer[];
