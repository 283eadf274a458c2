// vitest's provider for WebKitGTK, by W3C WebDriver and on a display of its own.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { defineBrowserProvider } from "@vitest/browser";
import { freePort } from "../../../helpers/port.ts";

function miniBrowser(): string {
  const all = readdirSync("/usr/lib").map((name) => join("/usr/lib", name, "webkit2gtk-4.1"));
  for (const folder of all) {
    try {
      if (readdirSync(folder).includes("MiniBrowser")) return join(folder, "MiniBrowser");
    } catch {
      // this folder does not exist
    }
  }
  throw new Error("WebKitGTK's MiniBrowser is not installed");
}

/** Starts the driver and a browser. Returns a function that opens a page, and one that ends both. */
async function start() {
  const port = await freePort();
  const driver = spawn("xvfb-run", ["-a", "WebKitWebDriver", `--port=${port}`], {
    stdio: "ignore",
    detached: true, // a group, so that the display ends with it
  });
  const stop = (): void => {
    try {
      process.kill(-driver.pid!);
    } catch {
      // the process has ended
    }
  };
  process.once("exit", stop);
  const call = async (method: string, path: string, body?: object) => {
    const url = `http://127.0.0.1:${port}${path}`;
    const response = await fetch(url, { method, body: body ? JSON.stringify(body) : null });
    const { value } = (await response.json()) as { value: Record<string, string> };
    if (!response.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`);
    return value;
  };
  for (let tries = 0; ; tries++) {
    try {
      await call("GET", "/status");
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(100);
    }
  }
  const options = { binary: miniBrowser(), args: ["--automation"] };
  const { sessionId } = await call("POST", "/session", {
    capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
  });
  return {
    open: (url: string) => call("POST", `/session/${sessionId}/url`, { url }),
    async close(): Promise<void> {
      await call("DELETE", `/session/${sessionId}`).catch(() => {});
      stop();
    },
  };
}

export function webkitgtk() {
  return defineBrowserProvider({
    name: "webkitgtk",
    supportedBrowser: ["webkit"],
    providerFactory() {
      let browser: ReturnType<typeof start> | undefined;
      return {
        name: "webkitgtk",
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        async openPage(_session, url) {
          browser ??= start();
          await (await browser).open(url);
        },
        close: async () => (await browser)?.close(),
      };
    },
  });
}
