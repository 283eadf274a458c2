/** Installs a runtime if it is missing. Returns the path of its program if it is one of npm's. */
export function installRuntime(name: string, top: string): Promise<string | undefined>;
