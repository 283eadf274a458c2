/** The library as it is packed: the properties of this folder hold for the files in dist/. */
type Index = typeof import("../../../ts/entry/index.ts");
type C = typeof import("../../../ts/entry/c.ts");
type Debug = typeof import("../../../ts/entry/debug.ts");
type Node = typeof import("../../../ts/entry/node.ts");
type Protocol = typeof import("../../../ts/entry/protocol.ts");
type Raw = typeof import("../../../ts/entry/raw.ts");
type Web = typeof import("../../../ts/entry/web.ts");

const packed = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../dist/${name}.js`, import.meta.url).href)) as T;

export const index = await packed<Index>("index");
export const c = await packed<C>("c");
export const debug = await packed<Debug>("debug");
export const node = await packed<Node>("node");
export const protocol = await packed<Protocol>("protocol");
export const raw = await packed<Raw>("raw");
export const web = await packed<Web>("web");
