import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { BROWSERS, BUILT, eventually, playground, siteIn } from "./browser.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));

/** The pages of the site, by their paths. */
const pages = (): string[] =>
  readdirSync(BUILT, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".html"),
  );
const textOf = (path: string): string => readFileSync(join(BUILT, path), "utf8");

describe("the built site", () => {
  it("has a page for README and for every document in docs/", () => {
    const documents = readdirSync(join(top, "docs")).filter((name) => name.endsWith(".md"));
    expect(documents.length).toBeGreaterThan(5);
    const all = pages();
    const wanted = documents.map((name) => `docs/${name.replace(/md$/, "html")}`);
    expect(all).toEqual(
      expect.arrayContaining(["index.html", "playground/index.html", "api/index.html", ...wanted]),
    );
  });

  it("has no link that leads nowhere, nor to a heading that is not there", () => {
    const ids = new Map(
      pages().map((path) => [
        path,
        new Set([...textOf(path).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)),
      ]),
    );
    const links: string[] = [];
    const dead = pages().flatMap((path) =>
      [...textOf(path).matchAll(/ (?:href|src)="([^"]*)"/g)].flatMap(([, link]) => {
        if (/^(https?|mailto|data):/.test(link!) || link === "") return [];
        links.push(link!);
        const [file, hash] = link!.replace(/&amp;/g, "&").split("#");
        let to = file === "" ? path : posix.join(posix.dirname(path), decodeURI(file!));
        if (
          to.endsWith("/") ||
          (existsSync(join(BUILT, to)) && statSync(join(BUILT, to)).isDirectory())
        ) {
          to = posix.join(to, "index.html");
        }
        const there = existsSync(join(BUILT, to));
        // typedoc makes some headings of its page of the hierarchy by script
        const named =
          !hash ||
          to === "api/hierarchy.html" ||
          to.endsWith(".svg") ||
          (ids.get(to)?.has(decodeURIComponent(hash)) ?? false);
        return there && named ? [] : [`${path}: ${link}`];
      }),
    );
    expect(links.length).toBeGreaterThan(1000);
    expect(dead).toEqual([]);
  });

  it("needs no module of Node and nothing of another host", () => {
    const scripts = readdirSync(join(BUILT, "assets")).filter((name) => name.endsWith(".js"));
    expect(scripts).toContain("playground.js");
    for (const name of scripts) {
      const text = textOf(`assets/${name}`);
      expect(text, name).not.toMatch(/from\s*["']node:|import\(["'](?:node:|https?:)/);
    }
  });

  it("forbids all pages to load or send anything but the site's own files", () => {
    for (const path of pages()) {
      const [, policy] =
        /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(textOf(path)) ?? [];
      expect(policy, path).toMatch(/^default-src 'none'; script-src 'self'/);
      expect(policy, path).not.toMatch(
        /unsafe-eval'(?<!wasm-unsafe-eval')|script-src[^;]*unsafe-inline|https?:|\*/,
      );
    }
  });
});

describe.each(BROWSERS)("in %s", (name) => {
  const site = siteIn(name);

  it("the policy blocks scripts, eval, requests and inline styles that are not the site's own", async () => {
    const page = await playground(site);
    const blocked = await page.evaluate(async () => {
      const found: string[] = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        found.push(event.effectiveDirective);
      });
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.head.append(script);
      document.body.setAttribute("style", "color: red");
      const sent = await fetch("../icon.svg").then(
        () => true,
        () => false,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      document.body.removeAttribute("style");
      return { found, sent, ran: "ran" in window };
    });
    expect(blocked.sent).toBe(false);
    expect(blocked.ran).toBe(false);
    expect(blocked.found.join(" ")).toMatch(/connect-src/);
    expect(blocked.found.join(" ")).toMatch(/script-src/);
    expect(blocked.found.join(" ")).toMatch(/style-src/);
    // the test expects these violations
    page.troubles.length = 0;
  });

  it("documents and the API reference open without a violation, with links between them", async () => {
    const page = await site.open("index.html");
    await page.getByRole("navigation", { name: "Documents" }).getByText("Protocols").click();
    await eventually(async () => page.url()).toMatch(/docs\/protocols\.html$/);
    await page.getByRole("navigation", { name: "Site" }).getByText("API").click();
    await eventually(async () => page.url()).toMatch(/api\/index\.html$/);
    await page.getByRole("link", { name: "Playground" }).click();
    await eventually(() => page.title()).toMatch(/^Playground/);
    const reference = await site.open("api/classes/index.ImsgCodec.html");
    expect(await reference.getByRole("heading", { name: "Class ImsgCodec" }).isVisible()).toBe(
      true,
    );
    await reference.getByRole("button", { name: "Search" }).click();
    await reference.getByRole("combobox").fill("ImsgChannel");
    await reference.getByRole("option").first().waitFor();
  });

  it("the page asks for files of the site alone", async () => {
    const page = await playground(site);
    await page.getByLabel("Protocol").selectOption("bgpd");
    await eventually(async () => page.asked.some((url) => url.endsWith("/bgpd.js"))).toBe(true);
    expect(page.asked.filter((url) => !url.startsWith(`${site.origin()}/`))).toEqual([]);
  });
});

describe("make site-serve", () => {
  /** Starts it, and resolves with its address. */
  async function serve(): Promise<{ child: ChildProcess; url: string }> {
    // beside the site that the other tests use, and without the reference, which takes long
    const flags = "SITE_FLAGS=--no-api --out build/site-serve";
    // a group of its own, as a terminal gives it, so that Ctrl-C reaches all of it
    const child = spawn("make", ["-s", "-o", "package", "site-serve", flags], {
      cwd: top,
      detached: true,
    });
    onTestFinished(() => {
      try {
        process.kill(-child.pid!, "SIGKILL");
      } catch {
        // the process has ended, as it should
      }
    });
    let said = "";
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout!.on("data", (chunk) => {
        said += chunk;
        const [found] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.once("exit", (code) => reject(new Error(`make ended with ${code}: ${said}`)));
    });
    return { child, url };
  }

  it("prints an address that answers, and leaves no process after Ctrl-C", async () => {
    const { child, url } = await serve();
    const response = await fetch(`${url}playground/`);
    expect(await response.text()).toContain("<title>Playground");
    expect((await fetch(`${url}../package.json`)).status).toBe(404);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-child.pid!, "SIGINT");
    await exited;
    await eventually(async () => {
      try {
        process.kill(-child.pid!, 0);
        return "alive";
      } catch {
        return "gone";
      }
    }).toBe("gone");
    await expect(fetch(url)).rejects.toThrow();
  });
});
