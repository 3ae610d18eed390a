/** The super model at any threshold, from stored scores: what the backend's sweep says, without asking it. */

import type { SelectorCases, SweepPoint } from "@/api";

/** The super model if its threshold were another one. */
export interface Rescored {
  /** null where no case has a score. */
  mean: number | null;
  numCases: number;
  numGlobal: number;
}

/** A case that another model serves than in the run. Scores are null where there is none. */
export interface ChangedCase {
  index: number;
  toGlobal: boolean;
  score: number | null;
  ran: number | null;
}

/** Indices of a site's cases; null: those of all sites that train. */
export function casesOf(cases: SelectorCases, site: string | null): number[] {
  const trains = new Set(cases.sites);
  return cases.site_slugs.flatMap((slug, index) => ((site === null ? trains.has(slug) : slug === site) ? [index] : []));
}

/** The most probable site's model where its probability is above gamma, else the global one (Xu et al., CVPR 2022). */
function isGlobal(cases: SelectorCases, index: number, gamma: number): boolean {
  return (cases.confidence[index] ?? 0) <= gamma;
}

function scoreAt(cases: SelectorCases, index: number, gamma: number): number | null {
  return (isGlobal(cases, index, gamma) ? cases.global_scores[index] : cases.own_scores[index]) ?? null;
}

export function rescore(cases: SelectorCases, wanted: readonly number[], gamma: number): Rescored {
  let [sum, numScored, numGlobal] = [0, 0, 0];
  for (const index of wanted) {
    if (isGlobal(cases, index, gamma)) numGlobal += 1;
    const score = scoreAt(cases, index, gamma);
    if (score !== null) {
      sum += score;
      numScored += 1;
    }
  }
  return { mean: numScored === 0 ? null : sum / numScored, numCases: wanted.length, numGlobal };
}

/** Every threshold of a chart in one pass: with cases in order of certainty, the first k use the global model. */
export function sweepOf(cases: SelectorCases, wanted: readonly number[], gammas: readonly number[]): SweepPoint[] {
  const ordered = [...wanted].sort((left, right) => (cases.confidence[left] ?? 0) - (cases.confidence[right] ?? 0));
  const shared = runningSums(ordered.map((index) => cases.global_scores[index] ?? null));
  const own = runningSums(ordered.map((index) => cases.own_scores[index] ?? null).reverse()).reverse();
  let numGlobal = 0;
  return gammas.map((gamma) => {
    while (numGlobal < ordered.length && isGlobal(cases, ordered[numGlobal] ?? 0, gamma)) numGlobal += 1;
    const [left, right] = [shared[numGlobal], own[numGlobal]];
    const sum = (left?.sum ?? 0) + (right?.sum ?? 0);
    const count = (left?.count ?? 0) + (right?.count ?? 0);
    return {
      gamma,
      mean: count === 0 ? null : sum / count,
      num_cases: count,
      share_global: ordered.length === 0 ? 0 : numGlobal / ordered.length,
    };
  });
}

interface Sum {
  sum: number;
  count: number;
}

/** Entry k: of the first k values that there are. */
function runningSums(values: readonly (number | null)[]): Sum[] {
  const sums: Sum[] = [{ sum: 0, count: 0 }];
  for (const value of values) {
    const last = sums.at(-1) as Sum;
    sums.push(value === null ? last : { sum: last.sum + value, count: last.count + 1 });
  }
  return sums;
}

/** The cases that change sides between the run's threshold and this one, the largest change of the score first. */
export function changedCases(cases: SelectorCases, wanted: readonly number[], gamma: number): ChangedCase[] {
  return wanted
    .filter((index) => isGlobal(cases, index, gamma) !== isGlobal(cases, index, cases.gamma))
    .map((index) => ({
      index,
      toGlobal: isGlobal(cases, index, gamma),
      score: scoreAt(cases, index, gamma),
      ran: scoreAt(cases, index, cases.gamma),
    }))
    .sort((left, right) => changeOf(right) - changeOf(left));
}

function changeOf({ score, ran }: ChangedCase): number {
  return score === null || ran === null ? -1 : Math.abs(score - ran);
}

/** What any threshold lies between: every case by the global model, and each by its own site's. */
export function references(cases: SelectorCases, wanted: readonly number[]) {
  return { global: meanOf(cases.global_scores, wanted), home: meanOf(cases.home_scores, wanted) };
}

function meanOf(scores: readonly (number | null)[], wanted: readonly number[]): number | null {
  const known = wanted.flatMap((index) => scores[index] ?? []);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

export interface SiteHistogram {
  /** Slug of the site that the cases are of. */
  slug: string;
  /** Cases in each bin of the largest probability; a bin holds its upper end, the first also 0. */
  counts: number[];
}

/** How certain the selector is of each site's cases. */
export function histogramBySite(cases: SelectorCases, wanted: readonly number[], numBins = 20): SiteHistogram[] {
  const bySite = new Map<string, number[]>();
  for (const index of wanted) {
    const slug = cases.site_slugs[index] ?? "";
    const counts = bySite.get(slug) ?? new Array<number>(numBins).fill(0);
    const bin = Math.max(0, Math.ceil((cases.confidence[index] ?? 0) * numBins - 1e-9) - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
    bySite.set(slug, counts);
  }
  const order = [...cases.sites, ...cases.unseen_sites].filter((slug) => bySite.has(slug));
  return order.map((slug) => ({ slug, counts: bySite.get(slug) ?? [] }));
}
