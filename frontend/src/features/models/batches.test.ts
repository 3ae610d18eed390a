import { expect, it } from "vitest";
import type { PredictionBatchRecord } from "@/api";
import { batchWords, isOver, missingImages, numMissing } from "./batches";

const batch = (changes: Partial<PredictionBatchRecord> = {}): PredictionBatchRecord => ({
  id: "b1",
  run_id: "r1",
  created_at: "",
  created_by: "mira",
  cancelled_at: null,
  num_expected: 4,
  num_images: 3,
  num_done: 1,
  num_failed: 1,
  num_cancelled: 0,
  fraction: 0.5,
  ...changes,
});
const chosen = (...names: string[]) => names.map((name) => ({ name, image: name }));

it("counts what is expected, until it is cancelled", () => {
  expect(batchWords(batch())).toBe("2 of 4 images are done, 1 of them without a mask.");
  expect([isOver(batch()), numMissing(batch())]).toEqual([false, 1]);
  const ended = batch({ cancelled_at: "now", num_cancelled: 1, num_failed: 0, num_done: 2 });
  expect(batchWords(ended)).toBe("Cancelled: 2 of 3 images are done.");
  expect([isOver(ended), numMissing(ended)]).toEqual([true, 0]);
  expect(numMissing(batch({ num_expected: null }))).toBe(0);
});

it("sends of the same choice only what is missing", () => {
  const present = ["a.png", "b.png", "b.png"];
  expect(missingImages(batch(), present, chosen("b.png", "a.png", "c.png", "b.png"))).toEqual(["c.png"]);
  expect(missingImages(batch(), present, chosen("b.png", "a.png", "c.png", "d.png"))).toBeNull();
  expect(missingImages(batch(), present, chosen("b.png", "a.png", "b.png"))).toBeNull();
  expect(missingImages(batch({ cancelled_at: "now" }), present, chosen("b.png", "a.png", "c.png", "b.png"))).toBeNull();
});
