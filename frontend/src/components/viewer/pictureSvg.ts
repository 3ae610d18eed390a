/** A picture for a paper: views side by side with captions, scale bars and a legend, as one SVG. Words stay text. */

import type { Bar } from "./barLength";

const GAP = 8;
const LINE = 18;
const SWATCH = 11;
const INK = "#1f2328";
const FONT = "system-ui, 'DejaVu Sans', sans-serif";

export interface PictureView {
  /** `data:` address of what is on screen. */
  image: string;
  /** In pixels of the page. */
  width: number;
  height: number;
  caption: string;
  bar: Bar | null;
}

export interface LegendEntry {
  name: string;
  colour: string;
}

interface Words {
  legend: readonly LegendEntry[];
  /** Below all of it. */
  lines: readonly string[];
}

export interface PictureSvg {
  text: string;
  width: number;
  height: number;
}

/** columns: how many views stand next to each other. */
export function pictureSvg(views: readonly PictureView[], columns: number, { legend, lines }: Words): PictureSvg {
  const cellWidth = Math.max(...views.map(({ width }) => width));
  const cellHeight = Math.max(...views.map(({ height }) => height)) + LINE;
  const rows = Math.ceil(views.length / columns);
  const width = columns * (cellWidth + GAP) + GAP;
  const below = GAP + rows * (cellHeight + GAP);
  const words =
    legend.length > 0 ? [legendLine(legend, below), ...wordLines(lines, below + LINE)] : wordLines(lines, below);
  const height = below + (lines.length + (legend.length > 0 ? 1 : 0)) * LINE + GAP;
  const drawn = views.map((view, index) =>
    viewAt(view, GAP + (index % columns) * (cellWidth + GAP), GAP + Math.floor(index / columns) * (cellHeight + GAP)),
  );
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}" font-size="13" fill="${INK}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...drawn,
    ...words,
    "</svg>",
  ].join("\n");
  return { text, width, height };
}

function viewAt({ image, width, height, caption, bar }: PictureView, left: number, top: number): string {
  const parts = [
    `<text x="${left}" y="${top + 12}">${escaped(caption)}</text>`,
    `<image x="${left}" y="${top + LINE}" width="${width}" height="${height}" href="${image}"/>`,
  ];
  if (bar) {
    const [x, y] = [left + 12, top + LINE + height - 12];
    parts.push(
      `<path d="M${x} ${y}h${rounded(bar.pixels)}" stroke="#ffffff" stroke-width="2"/>`,
      `<text x="${rounded(x + bar.pixels / 2)}" y="${y - 5}" fill="#ffffff" font-size="11" text-anchor="middle">${escaped(bar.label)}</text>`,
    );
  }
  return parts.join("\n");
}

/** Names stand one after the other; their widths are estimated, because SVG measures no text. */
function legendLine(legend: readonly LegendEntry[], top: number): string {
  let left = GAP;
  return legend
    .map(({ name, colour }) => {
      const at = left;
      left += SWATCH + 6 + name.length * 7.5 + 18;
      return [
        `<rect x="${rounded(at)}" y="${top + 2}" width="${SWATCH}" height="${SWATCH}" fill="${colour}" stroke="#868e96"/>`,
        `<text x="${rounded(at + SWATCH + 6)}" y="${top + 12}">${escaped(name)}</text>`,
      ].join("\n");
    })
    .join("\n");
}

function wordLines(lines: readonly string[], top: number): string[] {
  return lines.map((line, index) => `<text x="${GAP}" y="${top + index * LINE + 12}">${escaped(line)}</text>`);
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
