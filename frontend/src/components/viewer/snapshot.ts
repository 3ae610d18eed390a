/** What is on screen as a file: an SVG whose words stay text, or the same drawn as a PNG. */

import { type Bar, scaleBar } from "./barLength";
import { type LegendEntry, type PictureView, pictureSvg } from "./pictureSvg";
import type { CaseView } from "./viewer";

export const PICTURE_FORMATS = ["png", "svg"] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

const BAR_PIXELS = 110;

export interface SnapshotView {
  view: CaseView;
  caption: string;
}

interface Words {
  legend: readonly LegendEntry[];
  lines: readonly string[];
  /** Of the image's spacing; without one there is no scale bar. */
  unit: "mm" | "px" | null;
}

/** columns: how many views stand next to each other. Throws where the browser gives no picture. */
export async function snapshot(
  views: readonly SnapshotView[],
  columns: number,
  words: Words,
  format: PictureFormat,
): Promise<Blob> {
  const scale = window.devicePixelRatio || 1;
  const drawn = views.map(({ view, caption }): PictureView => {
    const canvas = view.canvas();
    if (!canvas) throw new Error("Nothing is on screen yet: wait for the image, then try again.");
    const bar = barOf(view, words.unit, scale);
    return {
      image: canvas.toDataURL("image/png"),
      width: canvas.width / scale,
      height: canvas.height / scale,
      caption,
      bar,
    };
  });
  const picture = pictureSvg(drawn, columns, words);
  const svg = new Blob([picture.text], { type: "image/svg+xml" });
  return format === "svg" ? svg : await drawnAsPng(svg, picture.width * scale, picture.height * scale);
}

function barOf(view: CaseView, unit: "mm" | "px" | null, scale: number): Bar | null {
  const length = view.pixelLength();
  return unit && length ? scaleBar(length * scale, unit, BAR_PIXELS) : null;
}

async function drawnAsPng(svg: Blob, width: number, height: number): Promise<Blob> {
  const image = new Image();
  const url = URL.createObjectURL(svg);
  try {
    image.src = url;
    await image.decode();
    const page = document.createElement("canvas");
    page.width = width;
    page.height = height;
    const context = page.getContext("2d");
    if (!context) throw new Error("The browser gives no canvas to draw on.");
    context.drawImage(image, 0, 0, width, height);
    return await new Promise((resolve, reject) =>
      page.toBlob(
        (blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be written."))),
        "image/png",
      ),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
