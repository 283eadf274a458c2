// What every page of the documentation loads.

import "./base.css";
import "./docs.css";
import { byId } from "./dom.ts";
import { setUpTheme } from "./theme.ts";

setUpTheme(byId("theme"));
