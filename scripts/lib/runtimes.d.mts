/** Installs a runtime if need be; the path of its program, if it is one of npm's. */
export function installRuntime(name: string, top: string): Promise<string | undefined>;
