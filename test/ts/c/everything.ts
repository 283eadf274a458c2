/** The two entries of the C API. */
export * from "../../../ts/entry/c.ts";
export * from "../../../ts/entry/index.ts";
