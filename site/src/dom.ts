// The helpers that make elements are those of the looking glass.
export { byId, debounced, eachFrame, h, number } from "../../examples/looking-glass/src/dom.ts";
