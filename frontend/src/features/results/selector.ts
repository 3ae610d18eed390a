/** What the model selector's stored answers say of other thresholds. */

import type { RunSelector, SelectorGroup, SweepPoint } from "@/api";
import { formatPercent } from "@/lib/format";
import { compareScores, formatScore, metricOf } from "@/lib/metrics";

/** A range of thresholds, both ends included. */
export interface GammaRange {
  low: number;
  high: number;
  mean: number;
}

/** The index of the point whose threshold is nearest. */
export function nearestPoint(sweep: readonly SweepPoint[], gamma: number): number {
  let best = 0;
  sweep.forEach((point, index) => {
    const current = sweep[best];
    if (current && Math.abs(point.gamma - gamma) < Math.abs(current.gamma - gamma)) best = index;
  });
  return best;
}

/** Gamma in the shortest form that loses no digit: 0.9, 0.995, 0.9999. */
export function formatGamma(gamma: number): string {
  return String(Number(gamma.toFixed(4)));
}

/** The widest unbroken range of thresholds with the best shown score; null without any score. */
export function bestRange(sweep: readonly SweepPoint[], metric: RunSelector["metric"]): GammaRange | null {
  const shown = (point: SweepPoint) => (point.mean === null ? null : Number(formatScore(point.mean, metric)));
  const best = sweep
    .map(shown)
    .reduce((first, second) => (compareScores(second, first, metric) > 0 ? second : first), null);
  if (best === null) return null;
  const ranges: GammaRange[] = [];
  sweep.forEach((point, index) => {
    if (shown(point) !== best) return;
    const before = sweep[index - 1];
    const open = before && shown(before) === best ? ranges.at(-1) : undefined;
    if (open) open.high = point.gamma;
    else ranges.push({ low: point.gamma, high: point.gamma, mean: best });
  });
  return ranges.reduce((widest, range) => (range.high - range.low > widest.high - widest.low ? range : widest));
}

/** The validation cases' Dice at each of these thresholds, where the chart is of the same: all sites' mean Dice. */
export function validationCurve(
  selector: Pick<RunSelector, "validation" | "metric" | "structure">,
  group: Pick<SelectorGroup, "site_slug">,
  gammas: readonly number[],
): (number | null)[] | null {
  const { validation, metric, structure } = selector;
  if (!validation || metric !== "dice" || structure !== null || group.site_slug !== null) return null;
  const dice = new Map(validation.points.map((point) => [point.gamma, point.dice]));
  return gammas.map((gamma) => dice.get(gamma) ?? null);
}

/** What a screen reader says of a threshold. */
export function pointWords(point: SweepPoint, metric: RunSelector["metric"]): string {
  const share = formatPercent(point.share_global);
  return `${formatGamma(point.gamma)}: ${metricOf(metric).label} ${formatScore(point.mean, metric)}, ${share} to the global model`;
}

/** Which models serve the cases at a threshold. */
export function routingWords(point: SweepPoint, numCases: number): string {
  const numGlobal = Math.round(point.share_global * numCases);
  if (numGlobal === 0) return "every case by a personalized model";
  if (numGlobal === numCases) return "every case by the global model";
  return `${numGlobal} of ${numCases} cases by the global model`;
}
