import type { CheckRecord, DatasetRecord, DatasetRun } from "@/api";
import { plural } from "./format";

/** Why cases are skipped, as the words that end "8 skipped because ...". */
const REASONS: Record<string, string> = {
  no_mask: "they have no mask",
  no_image: "they have no image",
  unreadable_image: "the image cannot be read",
  unreadable_mask: "the mask cannot be read",
  size_mismatch: "image and mask differ in size",
  unknown_label: "the mask holds an unexpected value",
  empty_mask: "the mask is empty",
  wrong_channels: "the image has another number of channels",
  duplicate: "they repeat another case",
  bad_name: "the file's name cannot be shown",
  geometry_mismatch: "the mask does not lie on its image",
  wrong_dimensions: "they have another number of dimensions",
  missing_spacing: "the voxels' size is not known",
};

export function reasonText(code: string): string {
  return REASONS[code] ?? code.replaceAll("_", " ");
}

type Checked = Pick<DatasetRecord, "status" | "error" | "waits_for" | "num_used" | "num_skipped" | "skipped_by_reason">;

/** "412 of 420 cases used, 8 skipped because the mask is empty (5) or they have no mask (3)." */
export function checkSentence(dataset: Checked): string {
  if (dataset.status === "checking") return dataset.waits_for ?? "The site's worker is reading the folder.";
  if (dataset.status === "failed") return dataset.error ?? "The check failed.";
  const total = dataset.num_used + dataset.num_skipped;
  if (dataset.num_skipped === 0) return `All ${plural(total, "case")} used.`;
  const reasons = Object.entries(dataset.skipped_by_reason).sort(([, left], [, right]) => right - left);
  const words =
    reasons.length === 1 && reasons[0]
      ? reasonText(reasons[0][0])
      : reasons.map(([code, count]) => `${reasonText(code)} (${count})`).join(" or ");
  return `${dataset.num_used} of ${plural(total, "case")} used, ${dataset.num_skipped} skipped because ${words}.`;
}

/** "3 runs used it, of Baselines and Ablation." */
export function runsSentence(runs: readonly Pick<DatasetRun, "experiment_name">[]): string {
  const names = [...new Set(runs.map((run) => run.experiment_name))];
  const listed = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
  return `${plural(runs.length, "run")} used it, of ${listed}.`;
}

/** What a check found, compared with the one before it. */
export function changeText(check: CheckRecord, before: CheckRecord | undefined): string {
  if (!check.fingerprint) return check.error ?? "Nothing could be used";
  if (!before?.fingerprint) return "First version";
  return check.fingerprint === before.fingerprint ? "The same data" : "The data changed";
}
