// The script and the style of every page of the documentation.

import "./base.css";
import "./docs.css";
import { byId } from "./dom.ts";
import { setUpTheme } from "./theme.ts";

setUpTheme(byId("theme"));
