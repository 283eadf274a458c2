import { instantiate } from "imsg-wasm";
import { exchange, show } from "./exchange.js";

show(instantiate(new URL("imsg-wasm/imsg.wasm", import.meta.url)).then(exchange));
