import { mkdirSync, writeFileSync } from "node:fs";

interface Point {
  readonly section: string;
  readonly payload: string;
  readonly chunk: number;
  readonly name: string;
  readonly ns: number;
}

const COLOURS = [
  "#d1242f",
  "#0969da",
  "#1a7f37",
  "#8250df",
  "#bf8700",
  "#1b7c83",
  "#57606a",
  "#bc4c00",
  "#953800",
];
const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 240;
const TOP = 40;
const BOTTOM = 50;

/** Throughput over payload size, one SVG for each section and chunk size; both axes logarithmic. */
export function plot(rows: readonly Point[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  const figures = new Set(rows.map(({ section, chunk }) => `${section} ${chunk}`));
  for (const figure of figures) {
    const [section, chunk] = figure.split(" ") as [string, string];
    const points = rows.filter(
      (row) => row.section === section && String(row.chunk) === chunk && row.payload !== "mix",
    );
    if (points.length > 0)
      writeFileSync(`${folder}/${section}-${chunk}.svg`, svg(section, chunk, points));
  }
}

function svg(section: string, chunk: string, points: readonly Point[]): string {
  const sizes = [...new Set(points.map(({ payload }) => Number(payload)))].sort((a, b) => a - b);
  const rates = points.map(({ ns }) => 1e3 / ns); // millions a second
  const low = Math.floor(Math.log10(Math.min(...rates)));
  const high = Math.ceil(Math.log10(Math.max(...rates)));
  const x = (i: number): number =>
    LEFT + (i / Math.max(1, sizes.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (rate: number): number =>
    HEIGHT - BOTTOM - ((Math.log10(rate) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const parts: string[] = [];
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power).toFixed(1);
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#d0d7de"/>`,
      `<text x="${LEFT - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${10 ** power}</text>`,
    );
  }
  sizes.forEach((size, i) => {
    parts.push(`<text x="${x(i)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${size}</text>`);
  });
  [...new Set(points.map(({ name }) => name))].forEach((name, n) => {
    const colour = COLOURS[n % COLOURS.length]!;
    const line = points
      .filter((point) => point.name === name)
      .map(
        ({ payload, ns }) =>
          `${x(sizes.indexOf(Number(payload))).toFixed(1)},${y(1e3 / ns).toFixed(1)}`,
      );
    parts.push(
      `<polyline points="${line.join(" ")}" fill="none" stroke="${colour}" stroke-width="${n === 0 ? 3 : 1.5}"/>`,
      `<line x1="${WIDTH - RIGHT + 12}" x2="${WIDTH - RIGHT + 32}" y1="${TOP + n * 20}" y2="${TOP + n * 20}" stroke="${colour}" stroke-width="${n === 0 ? 3 : 1.5}"/>`,
      `<text x="${WIDTH - RIGHT + 38}" y="${TOP + n * 20}" dominant-baseline="middle">${name.replace("&", "&amp;")}</text>`,
    );
  });
  const title = `${section}, chunks of ${chunk} bytes: million messages a second over payload bytes`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#1f2328">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="20" font-size="14">${title}</text>
${parts.join("\n")}
</svg>
`;
}
