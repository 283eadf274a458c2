/** The two entries that one page of the C API stands for. */
export * from "../../../ts/entry/c.ts";
export * from "../../../ts/entry/index.ts";
