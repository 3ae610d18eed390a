/** What a cell of the results table stands for, in words: its tooltip, and what a screen reader says after the number. */

import type { Comparison, ComparisonCell, ResultCell } from "@/api";
import { formatP, verdict } from "@/lib/comparison";
import { formatPercent, plural } from "@/lib/format";
import { formatScore } from "@/lib/metrics";
import { modelName } from "@/lib/words";

const VERDICTS = { better: "significantly better", worse: "significantly worse", open: "no significant difference" };

/** One fact a line. lacks: the cases that its mean is short of. */
export function cellWords(cell: ResultCell, place: string, isBest: boolean, lacks: string | null = null): string {
  const { num_missing: missing, num_misses: misses } = cell;
  const lines = [place, `${plural(cell.num_cases, "case")}, ${plural(cell.num_seeds, "seed")}`];
  if (cell.mean === null) lines.push("no case has a value");
  if (missing > 0) lines.push(`${plural(missing, "case")} without the structure in either mask, left out`);
  if (misses > 0) {
    lines.push(`${plural(misses, "miss", "misses")}: one of the two masks is empty, so there is no value to average`);
  }
  if (lacks) lines.push(`${lacks}: not compared with the others of the column`);
  if (isBest) lines.push("best of the column");
  return lines.join("\n");
}

export function comparisonWords(cell: ComparisonCell, comparison: Comparison): string {
  if (cell.difference === null) return `no case that ${baselineName(comparison)} has a value for too`;
  const baseline = `${baselineName(comparison)} (${formatScore(cell.baseline_mean, comparison.metric)})`;
  const lines = [`${cell.difference_text} against ${baseline}: ${VERDICTS[verdict(cell, comparison)]}`];
  if (cell.interval_text !== null) {
    lines.push(`${formatPercent(comparison.confidence)} interval ${cell.interval_text}`);
  }
  const left = cell.num_left_out > 0 ? `, ${cell.num_left_out} left out without a value of both` : "";
  const test =
    cell.method === null ? "" : `${formatP(cell.p_holm)} after Holm (alone ${formatP(cell.p)}, ${cell.method}), `;
  lines.push(`${test}n = ${plural(cell.num_pairs, "pair")} of cases${left}`);
  return lines.join("\n");
}

export function baselineName(comparison: Pick<Comparison, "baseline_label" | "baseline_model">): string {
  return `${comparison.baseline_label}, ${modelName(comparison.baseline_model).toLowerCase()}`;
}
