using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "suite", worker = .suite ),
    ( name = "internet", network = ( allow = ["private", "public"] ) ),
  ],
);

const suite :Workerd.Worker = (
  modules = [
    ( name = "worker.js", esModule = embed "worker.js" ),
    ( name = "imsg.wasm", wasm = embed "imsg.wasm" ),
  ],
  compatibilityDate = "2026-04-01",
  bindings = [
    ( name = "tcp", fromEnvironment = "IMSG_TCP" ),
    ( name = "relay", fromEnvironment = "IMSG_RELAY" ),
  ],
  globalOutbound = "internet",
);
