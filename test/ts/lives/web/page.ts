// The program of the page in which lives are lived; drive.ts calls it.
import { sceneOf } from "../runs.ts";
import { WEB_SESSIONS } from "./web-sessions.ts";

Object.assign(globalThis, { scene: sceneOf(WEB_SESSIONS) });
