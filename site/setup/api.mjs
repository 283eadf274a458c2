// The API reference, by typedoc, with the way back to the site.

import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { run } from "../../scripts/lib/run.mjs";
import { escaped, POLICY, places, up } from "./layout.mjs";

const LINKS = '<div id="tsd-toolbar-links"></div>';

/** The site's policy, with the scripts that typedoc writes into its pages by their digests. */
function policyOf(html) {
  const digests = [...html.matchAll(/<script>([^<]+)<\/script>/g)].map(([, script]) => {
    const digest = createHash("sha256")
      .update(script ?? "")
      .digest("base64");
    return `'sha256-${digest}'`;
  });
  return POLICY.replace("'wasm-unsafe-eval'", digests.join(" "))
    .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    .replace("img-src 'self'", "img-src 'self'; connect-src 'self'");
}

/**
 * Writes the API reference into a folder. Rejects with typedoc's own output if typedoc fails.
 *
 * @param {string} top of the repository
 * @param {string} folder
 */
export async function writeApi(top, folder) {
  const typedoc = join(top, "node_modules/typedoc/bin/typedoc");
  const { code, stdout, stderr } = await run(process.execPath, [typedoc, "--out", folder], {
    cwd: top,
  });
  if (code !== 0) throw new Error(`typedoc failed:\n${stdout}${stderr}`);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".html")) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const html = await readFile(file, "utf8");
    if (!html.includes(LINKS)) throw new Error(`${file}: typedoc has no toolbar there any more`);
    const path = `api/${relative(folder, file).split(sep).join("/")}`;
    const policy = `<meta http-equiv="Content-Security-Policy" content="${escaped(policyOf(html))}"/>`;
    const icon = `<link rel="icon" href="${up(path)}icon.svg" type="image/svg+xml"/>`;
    const links = LINKS.replace("><", `>${places(path, undefined).join(" ")}<`);
    await writeFile(file, html.replace("<head>", `<head>${policy}${icon}`).replace(LINKS, links));
  }
}
