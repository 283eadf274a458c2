import { exchange, show } from "./exchange.js";

show(exchange());
