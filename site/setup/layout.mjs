// The policy and the header of all pages.

/** Only files of the site run, and no page sends anything. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const PLACES = [
  ["Home", "index.html"],
  ["Playground", "playground/index.html"],
  ["Docs", "docs/index.html"],
  ["API", "api/index.html"],
];

/** @param {string} text */
export const escaped = (text) =>
  text.replace(
    /[&<>"]/g,
    (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c,
  );

/** The way from a page to the top of the site, such as `../`; empty at the top. */
export const up = (path) => "../".repeat(path.split("/").length - 1);

/** The links of the header, with the current one marked. */
export function places(path, current) {
  return PLACES.map(([name, to]) => {
    const mark = name === current ? ' aria-current="page"' : "";
    return `<a href="${up(path)}${to}"${mark}>${name}</a>`;
  });
}

/** The header of a page. */
export function header(path, current) {
  return `<header class="top">
      <a class="brand" href="${up(path)}index.html"><img src="${up(path)}icon.svg" alt="" width="26" height="26">imsg-wasm</a>
      <nav aria-label="Site">${places(path, current).join("")}</nav>
      <button type="button" class="button small" id="theme">Theme</button>
    </header>`;
}
