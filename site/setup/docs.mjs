// The documents of the repository as pages, with links between them.

import { cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, extname, join, posix } from "node:path";
import hljs from "highlight.js/lib/common";
import MarkdownIt from "markdown-it";
import { escaped, header, POLICY, up } from "./layout.mjs";

/** Documents that become pages without a link to them. */
const FIRST = [
  "README.md",
  "docs",
  "examples",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
];
/** Files that a browser shows by itself; others are copied as text. */
const SHOWN = new Set([".png", ".svg"]);

/** @typedef {{ level: number, text: string, id: string }} Heading */
/**
 * @typedef {object} Page
 * @property {string} source path of the document in the repository
 * @property {string} path path of the page on the site
 * @property {string} title
 * @property {string} html
 * @property {Heading[]} headings
 * @property {string} summary the first sentence of its text
 */

/** Where a document's page is. */
function pathOf(source) {
  if (source === "README.md") return "index.html";
  if (posix.basename(source) === "README.md")
    return posix.join(posix.dirname(source), "index.html");
  return source.replace(/\.md$/, ".html");
}

/** The name of a heading in links, as GitHub makes it. */
function slug(text) {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

const markdown = new MarkdownIt({
  html: false,
  highlight(code, info) {
    const [language = ""] = info.split(" ");
    if (hljs.getLanguage(language) === undefined) return escaped(code);
    return hljs.highlight(code, { language, ignoreIllegals: true }).value;
  },
});

/** The words of a token, without markup. */
const wordsOf = (token) => (token?.children ?? []).map(({ content }) => content).join("");

/** Names headings, so that links reach them, and returns them. */
function nameHeadings(tokens) {
  /** @type {Heading[]} */
  const headings = [];
  for (const [i, token] of tokens.entries()) {
    if (token.type !== "heading_open") continue;
    const text = wordsOf(tokens[i + 1]);
    const plain = slug(text);
    const same = headings.filter(({ id }) => id.replace(/-\d+$/, "") === plain).length;
    const id = same === 0 ? plain : `${plain}-${same}`;
    token.attrSet("id", id);
    headings.push({ level: Number(token.tag.slice(1)), text, id });
  }
  return headings;
}

/** The cell in the corner of a table heads nothing: an empty header would confuse screen readers. */
function emptyHeaders(tokens) {
  for (const [i, token] of tokens.entries()) {
    if (token.type !== "th_open" || tokens[i + 1].content !== "") continue;
    token.tag = "td";
    tokens[i + 2].tag = "td";
  }
}

/** Wraps tables in a region that scrolls, by keyboard too: a table may be wider than a phone. */
markdown.renderer.rules.table_open = (_tokens, _i, _options, env) => {
  env.tables = (env.tables ?? 0) + 1;
  return `<div class="wide" role="region" aria-label="Table ${env.tables}" tabindex="0"><table>`;
};
markdown.renderer.rules.table_close = () => "</table></div>";
/** markdown-it aligns cells by inline styles, which the policy of the pages refuses. */
for (const name of ["th_open", "td_open"]) {
  markdown.renderer.rules[name] = (tokens, i, options, _env, self) => {
    const token = tokens[i];
    const at = token.attrIndex("style");
    if (at !== -1) token.attrs[at] = ["class", token.attrs[at][1].replace("text-align:", "")];
    return self.renderToken(tokens, i, options);
  };
}
for (const name of ["fence", "code_block"]) {
  const plain = markdown.renderer.rules[name];
  markdown.renderer.rules[name] = (...args) =>
    plain(...args).replace("<pre>", '<pre tabindex="0">');
}

/** Makes pages of documents, and notes which files they link to. */
class Documents {
  /** @type {Map<string, Page>} */
  pages = new Map();
  /** Files to copy, by the path that they get. */
  files = new Map();
  /** @type {string[]} */
  dead = [];
  #top;

  constructor(top) {
    this.#top = top;
  }

  /** Adds a document and all that its links lead to. */
  async add(source) {
    if (this.pages.has(source)) return;
    const text = await readFile(join(this.#top, source), "utf8");
    const tokens = markdown.parse(text, {});
    const headings = nameHeadings(tokens);
    emptyHeaders(tokens);
    /** @type {Page} */
    const page = {
      source,
      path: pathOf(source),
      title: headings[0]?.text ?? source,
      html: "",
      headings,
      summary: summaryOf(tokens),
    };
    this.pages.set(source, page);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      for (const name of ["href", "src"]) {
        const link = token.attrGet(name);
        if (link !== null) token.attrSet(name, await this.#resolve(page, link));
      }
    }
    page.html = markdown.renderer.render(tokens, markdown.options, {});
  }

  /** A link of a document as a link of its page. */
  async #resolve(page, link) {
    if (/^([a-z]+:|#)/.test(link)) return link;
    const [file = "", hash = ""] = link.split(/(?=#)/);
    const source = posix.join(posix.dirname(page.source), decodeURI(file)).replace(/\/$/, "");
    const found = await stat(join(this.#top, source)).catch(() => undefined);
    if (found === undefined || source.startsWith("..")) {
      this.dead.push(`${page.source}: ${link}`);
      return link;
    }
    let to = source;
    if (found.isDirectory()) to = await this.#folder(source);
    else if (extname(source) === ".md") {
      await this.add(source);
      to = pathOf(source);
    } else {
      to = SHOWN.has(extname(source)) ? source : `${source}.txt`;
      this.files.set(to, source);
    }
    return up(page.path) + to + hash;
  }

  /** A page that lists the files of a folder. */
  async #folder(source) {
    const readme = `${source}/README.md`;
    if ((await stat(join(this.#top, readme)).catch(() => undefined)) !== undefined) {
      await this.add(readme);
      return pathOf(readme);
    }
    const path = `${source}/index.html`;
    const names = (await readdir(join(this.#top, source))).sort();
    for (const name of names) this.files.set(`${source}/${name}.txt`, `${source}/${name}`);
    const items = names.map((name) => `<li><a href="${name}.txt">${escaped(name)}</a></li>`);
    const html = `<h1>${escaped(source)}</h1>\n<ul>${items.join("")}</ul>`;
    this.pages.set(source, { source, path, title: source, html, headings: [], summary: "" });
    return path;
  }
}

/** The first sentence of the first paragraph. */
function summaryOf(tokens) {
  const at = tokens.findIndex(({ type }) => type === "paragraph_open");
  const text = tokens[at + 1]?.content.replace(/\[([^\]]*)\]\([^)]*\)|[*`]/g, "$1") ?? "";
  const [sentence = text] = /^.{30,}?[.:](?=\s|$)/s.exec(text) ?? [];
  return sentence.replace(/:$/, ".").replace(/\s+/g, " ");
}

const groupOf = ({ source }) => {
  if (source.startsWith("docs/")) return "Documentation";
  return source.startsWith("examples/") ? "Examples" : "The project";
};

/** The list of all documents, with the headings of the current one. */
function sidebar(pages, current, path) {
  const groups = ["Documentation", "Examples", "The project"].map((group) => {
    const items = pages
      .filter((page) => groupOf(page) === group && page.path !== "index.html")
      .map((page) => {
        const mark = page === current ? ' aria-current="page"' : "";
        return `<li><a href="${up(path)}${page.path}"${mark}>${escaped(page.title)}</a></li>`;
      });
    return `<h2>${group}</h2><ul>${items.join("")}</ul>`;
  });
  return `<nav class="side" aria-label="Documents">${groups.join("")}</nav>`;
}

function contents({ headings }) {
  const items = headings
    .filter(({ level }) => level === 2)
    .map(({ id, text }) => `<li><a href="#${id}">${escaped(text)}</a></li>`);
  if (items.length < 3) return "";
  return `<nav class="toc" aria-label="On this page"><h2>On this page</h2><ul>${items.join("")}</ul></nav>`;
}

function documentOf({ path, title, current, side, main, toc }) {
  const top = up(path);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${escaped(POLICY)}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escaped(title)}</title>
    <link rel="icon" href="${top}icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="${top}assets/page.css">
    <script src="${top}theme.js"></script>
    <script type="module" src="${top}assets/page.js"></script>
  </head>
  <body>
    <a class="skip" href="#main">Skip to the text</a>
    ${header(path, current)}
    <div class="columns">
      ${side}
      <main id="main">
${main}
      </main>
      ${toc}
    </div>
  </body>
</html>
`;
}

function overview(pages) {
  const groups = ["Documentation", "Examples", "The project"].map((group) => {
    const items = pages
      .filter((page) => groupOf(page) === group && page.path !== "index.html")
      .map(
        ({ path, title, summary }) =>
          `<li><a href="../${path}">${escaped(title)}</a><p>${escaped(summary)}</p></li>`,
      );
    return `<h2>${group}</h2><ul class="overview">${items.join("")}</ul>`;
  });
  return `<h1>Documents</h1>${groups.join("")}`;
}

/** Returns the documents that FIRST names. */
async function sources(top) {
  /** @type {string[]} */
  const found = [];
  for (const name of FIRST) {
    if (name.endsWith(".md")) {
      found.push(name);
      continue;
    }
    const entries = await readdir(join(top, name), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.endsWith(".md")) found.push(`${name}/${entry.name}`);
      const readme = `${name}/${entry.name}/README.md`;
      const isFile = await stat(join(top, readme)).catch(() => undefined);
      if (entry.isDirectory() && isFile !== undefined) found.push(readme);
    }
  }
  return found;
}

/**
 * Writes the documents of a repository as pages into a folder. Rejects if a link leads nowhere.
 *
 * @param {string} top of the repository
 * @param {string} folder
 */
export async function writeDocs(top, folder) {
  const documents = new Documents(top);
  for (const source of await sources(top)) await documents.add(source);
  if (documents.dead.length > 0) throw new Error(`dead links:\n${documents.dead.join("\n")}`);
  const pages = [...documents.pages.values()].sort((a, b) => (a.title < b.title ? -1 : 1));
  const put = async (path, text) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const page of pages) {
    const { path, title, html } = page;
    const isHome = path === "index.html";
    const current = isHome ? "Home" : "Docs";
    const full = isHome ? title : `${title} · imsg-wasm`;
    const side = sidebar(pages, page, path);
    await put(
      path,
      documentOf({ path, title: full, current, side, main: html, toc: contents(page) }),
    );
  }
  const path = "docs/index.html";
  const side = sidebar(pages, undefined, path);
  const title = "Documents · imsg-wasm";
  await put(
    path,
    documentOf({ path, title, current: "Docs", side, main: overview(pages), toc: "" }),
  );
  for (const [to, source] of documents.files) {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await cp(join(top, source), join(folder, to));
  }
}
