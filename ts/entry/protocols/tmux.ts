/**
 * `imsg-wasm/protocols/tmux`: tmux's client protocol, version 8 ({@link tmux}), its structures and flags.
 *
 * @module
 */

export * from "../../protocols/tmux.ts";
