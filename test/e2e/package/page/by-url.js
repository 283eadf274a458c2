import { instantiate } from "imsg-wasm/c";
import { exchange, show } from "./exchange.js";

show(instantiate(new URL("imsg-wasm/imsg.wasm", import.meta.url)).then(exchange));
