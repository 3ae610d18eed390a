import { describe, expect, it } from "vitest";
import type { RunSelector, SelectorCases } from "@/api";
import { casesOf, changedCases, histogramBySite, references, rescore, sweepOf } from "./rescore";
import recorded from "./rescore.fixture.json";

const CASES = recorded.cases as SelectorCases;
const SELECTOR = recorded.selector as RunSelector;

/** Many cases of eight sites, some without a score. */
function manyCases(count: number): SelectorCases {
  let state = 7;
  const random = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  const column = (value: (index: number) => number | null) => Array.from({ length: count }, (_, index) => value(index));
  return {
    ...CASES,
    sites: Array.from({ length: 8 }, (_, site) => `s${site}`),
    unseen_sites: [],
    case_ids: Array.from({ length: count }, (_, index) => `c${index}`),
    names: Array.from({ length: count }, (_, index) => `case ${index}`),
    site_slugs: Array.from({ length: count }, (_, index) => `s${index % 8}`),
    most_probable: Array.from({ length: count }, (_, index) => index % 8),
    confidence: column(() => random()) as number[],
    own_scores: column((index) => (index % 50 === 0 ? null : random())),
    global_scores: column(random),
    home_scores: column(random),
    ran_scores: column(random),
  };
}

describe("the super model at any threshold", () => {
  it("is what the backend says of a recorded run, at every threshold and site", () => {
    expect(SELECTOR.groups.length).toBeGreaterThan(2);
    for (const group of SELECTOR.groups) {
      const wanted = casesOf(CASES, group.site_slug);
      expect(wanted.length).toBe(group.num_cases);
      const sweep = sweepOf(
        CASES,
        wanted,
        group.sweep.map((point) => point.gamma),
      );
      group.sweep.forEach((point, at) => {
        const here = rescore(CASES, wanted, point.gamma);
        expect(here.mean).toBeCloseTo(point.mean as number, 9);
        expect(here.numGlobal / here.numCases).toBeCloseTo(point.share_global, 9);
        expect(sweep[at]?.mean).toBeCloseTo(point.mean as number, 9);
        expect(sweep[at]?.share_global).toBeCloseTo(point.share_global, 9);
      });
      expect(rescore(CASES, wanted, CASES.gamma).mean).toBeCloseTo(group.mean as number, 9);
    }
  });

  it("lies between every case by the global model and each by the most probable site's", () => {
    const all = casesOf(CASES, null);
    expect(rescore(CASES, all, 1).mean).toBeCloseTo(references(CASES, all).global as number, 12);
    expect(rescore(CASES, all, 1).numGlobal).toBe(all.length);
    expect(rescore(CASES, all, 0).numGlobal).toBe(0);
  });

  it("leaves out cases without a score, and has no mean without any", () => {
    const cases = { ...CASES, own_scores: [null, 0.4], global_scores: [0.1, null], confidence: [0.9, 0.5] };
    expect(rescore(cases, [0, 1], 0.2)).toEqual({ mean: 0.4, numCases: 2, numGlobal: 0 });
    expect(rescore(cases, [0, 1], 0.5)).toEqual({ mean: null, numCases: 2, numGlobal: 1 });
    expect(sweepOf(cases, [0, 1], [0.5])[0]?.mean).toBeNull();
  });

  it("names the cases that change sides, the largest change first", () => {
    const cases = {
      ...CASES,
      gamma: 0.5,
      confidence: [0.4, 0.6, 0.8, 0.95],
      own_scores: [0.1, 0.2, 0.9, 0.5],
      global_scores: [0.3, 0.25, 0.5, 0.5],
    };
    expect(changedCases(cases, [0, 1, 2, 3], 0.9)).toEqual([
      { index: 2, toGlobal: true, score: 0.5, ran: 0.9 },
      { index: 1, toGlobal: true, score: 0.25, ran: 0.2 },
    ]);
    expect(changedCases(cases, [0, 1, 2, 3], 0.3)[0]).toEqual({ index: 0, toGlobal: false, score: 0.1, ran: 0.3 });
    expect(changedCases(cases, [0, 1, 2, 3], 0.5)).toEqual([]);
  });

  it("counts each site's cases by largest probability; a bin holds its upper end", () => {
    const cases = {
      ...CASES,
      sites: ["a", "b"],
      unseen_sites: [],
      site_slugs: ["b", "a", "b", "b"],
      confidence: [0.5, 0.51, 1, 0.3],
    };
    expect(histogramBySite(cases, [0, 1, 2, 3], 4)).toEqual([
      { slug: "a", counts: [0, 0, 1, 0] },
      { slug: "b", counts: [0, 2, 0, 1] },
    ]);
    expect(histogramBySite(cases, [1], 4).map(({ slug }) => slug)).toEqual(["a"]);
  });

  it.runIf(process.env.FEDSM_SPEED)("is scored for 5,000 cases of eight sites well within 100 ms a step", () => {
    const cases = manyCases(5000);
    const gammas = Array.from({ length: 104 }, (_, index) => index / 103);
    const steps = 20;
    const started = performance.now();
    for (let step = 0; step < steps; step += 1) {
      const wanted = casesOf(cases, null);
      rescore(cases, wanted, step / steps);
      sweepOf(cases, wanted, gammas);
      changedCases(cases, wanted, step / steps);
    }
    expect((performance.now() - started) / steps).toBeLessThan(50);
  });
});
