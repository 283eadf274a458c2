// Opens a page in a browser and keeps it open until it has reported.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { UserError } from "./run.mjs";
import { installInto } from "./runtimes.mjs";

// later versions cannot drive Debian's Firefox ESR
const PLAYWRIGHT = "playwright-core@1.64.1";

const CHROMIUM = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const LAUNCH = {
  chromium: { executablePath: "/usr/bin/chromium", args: CHROMIUM },
  firefox: { executablePath: "/usr/bin/firefox-esr", channel: "moz-firefox" },
};

async function playwright(name, top) {
  const folder = join(top, "playwright");
  await installInto(folder, [PLAYWRIGHT], { ignoreScripts: true });
  const library = createRequire(join(folder, "package.json"))("playwright-core");
  const browser = await library[name].launch({ headless: true, ...LAUNCH[name] });
  return {
    version: browser.version(),
    async visit(url, done) {
      const page = await browser.newPage();
      try {
        await page.goto(url);
        return await done;
      } finally {
        await page.close();
      }
    },
    close: () => browser.close(),
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function miniBrowser() {
  const folder = "/usr/lib";
  for (const triplet of readdirSync(folder)) {
    const file = join(folder, triplet, "webkit2gtk-4.1");
    try {
      if (readdirSync(file).includes("MiniBrowser")) return join(file, "MiniBrowser");
    } catch {
      // not there
    }
  }
  throw new UserError("WebKitGTK's MiniBrowser is not installed");
}

/** WebKitGTK by W3C WebDriver, on a display of its own. */
async function webkit() {
  const port = await freePort();
  const driver = spawn("xvfb-run", ["-a", "WebKitWebDriver", `--port=${port}`], {
    stdio: "ignore",
    detached: true, // a group, so that the display ends with it
  });
  const call = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`WebDriver: ${value?.error}: ${value?.message}`);
    return value;
  };
  const stop = () => {
    try {
      process.kill(-driver.pid);
    } catch {
      // it has ended
    }
  };
  try {
    for (let tries = 0; ; tries++) {
      try {
        await call("GET", "/status");
        break;
      } catch (error) {
        if (tries === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    const { sessionId, capabilities } = await call("POST", "/session", {
      capabilities: {
        alwaysMatch: {
          "webkitgtk:browserOptions": { binary: miniBrowser(), args: ["--automation"] },
        },
      },
    });
    return {
      version: capabilities.browserVersion,
      async visit(url, done) {
        await call("POST", `/session/${sessionId}/url`, { url });
        return done;
      },
      async close() {
        await call("DELETE", `/session/${sessionId}`).catch(() => {});
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}

/** Starts a browser: its version, visit(url, done), close(). */
export function openBrowser(name, top) {
  return name === "webkit" ? webkit() : playwright(name, top);
}
