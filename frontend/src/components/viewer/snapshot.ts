/** A PNG of what is on screen: the views side by side, with words below that say what they show. */

const GAP = 8;
const LINE = 18;
const FONT = "13px system-ui, sans-serif";
const INK = "#1f2328";

export interface SnapshotView {
  canvas: HTMLCanvasElement;
  caption: string;
}

/** columns: how many views stand next to each other. Throws where the browser gives no picture. */
export async function snapshot(views: readonly SnapshotView[], columns: number, lines: string[]): Promise<Blob> {
  const scale = window.devicePixelRatio || 1;
  const width = Math.max(...views.map(({ canvas }) => canvas.width));
  const height = Math.max(...views.map(({ canvas }) => canvas.height)) + LINE * scale;
  const rows = Math.ceil(views.length / columns);
  const page = document.createElement("canvas");
  page.width = columns * width + (columns + 1) * GAP;
  page.height = rows * (height + GAP) + GAP + lines.length * LINE * scale + GAP;
  const context = page.getContext("2d");
  if (!context) throw new Error("The browser gives no canvas to draw on.");
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, page.width, page.height);
  context.fillStyle = INK;
  context.font = FONT.replace("13", String(13 * scale));
  context.textBaseline = "top";
  views.forEach(({ canvas, caption }, index) => {
    const left = GAP + (index % columns) * (width + GAP);
    const top = GAP + Math.floor(index / columns) * (height + GAP);
    context.fillText(caption, left, top, width);
    context.drawImage(canvas, left, top + LINE * scale);
  });
  lines.forEach((line, index) => {
    context.fillText(line, GAP, GAP + rows * (height + GAP) + index * LINE * scale, page.width - 2 * GAP);
  });
  return await new Promise((resolve, reject) =>
    page.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be written."))), "image/png"),
  );
}
