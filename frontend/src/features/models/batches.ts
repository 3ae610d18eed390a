/** Images that are tried together: how far they are, and what is still missing after a page was left. */

import type { PredictionBatchRecord } from "@/api";

export function numEnded({ num_done, num_failed, num_cancelled }: PredictionBatchRecord): number {
  return num_done + num_failed + num_cancelled;
}

/** How many images a batch will have; after it was cancelled, has. */
export function numAll({ num_images, num_expected, cancelled_at }: PredictionBatchRecord): number {
  return cancelled_at ? num_images : Math.max(num_images, num_expected ?? 0);
}

export function isOver(batch: PredictionBatchRecord): boolean {
  return numEnded(batch) === numAll(batch);
}

/** How many images were said to be coming and have not come: who sent them left the page. */
export function numMissing(batch: PredictionBatchRecord): number {
  return numAll(batch) - batch.num_images;
}

export function batchWords(batch: PredictionBatchRecord): string {
  const [all, done] = [numAll(batch), batch.num_done + batch.num_failed];
  const failed = batch.num_failed > 0 ? `, ${batch.num_failed} of them without a mask` : "";
  return `${batch.cancelled_at ? "Cancelled: " : ""}${done} of ${all} images are done${failed}.`;
}

/**
 * Which of the images that somebody chose again are missing in a batch, by their names.
 * Null where they are not the images of the batch, so that they are a batch of their own.
 */
export function missingImages<Image>(
  batch: PredictionBatchRecord,
  present: readonly string[],
  chosen: readonly { name: string; image: Image }[],
): Image[] | null {
  if (batch.cancelled_at || numMissing(batch) === 0 || chosen.length !== batch.num_expected) return null;
  const left = [...chosen];
  for (const name of present) {
    const at = left.findIndex((image) => image.name === name);
    if (at < 0) return null;
    left.splice(at, 1);
  }
  return left.map(({ image }) => image);
}
