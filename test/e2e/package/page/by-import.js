import { instantiate } from "imsg-wasm/c";
import url from "imsg-wasm/imsg.wasm";
import { exchange, show } from "./exchange.js";

show(instantiate(new URL(url, import.meta.url)).then(exchange));
