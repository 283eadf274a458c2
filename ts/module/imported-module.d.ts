declare module "#imsg.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
