import { describe, expect, it } from "vitest";
import type { CurveSeries, RunCurves } from "@/api";
import { curves, curvesCsv, inView, mergeCurves, type Point, smoothed } from "./curveData";

function series(site: string, values: Record<number, number>, more: Partial<CurveSeries> = {}): CurveSeries {
  const rounds = Object.keys(values).map(Number);
  return {
    site_slug: site,
    model: "global",
    split: "val",
    name: "dice",
    rounds,
    values: Object.values(values),
    num_cases: Object.values(values).map(() => 1),
    ...more,
  };
}

const answer = (last_id: number, ...lines: CurveSeries[]): RunCurves => ({ last_id, series: lines });

describe("curves", () => {
  const data = mergeCurves(
    undefined,
    answer(
      4,
      series("b", { 1: 0.5 }),
      series("a", { 2: 0.7, 1: 0.6 }),
      series("a", { 1: 0.9 }, { name: "loss", split: "train" }),
    ),
  );

  it("makes one chart for each measure and model and one line for each site, in site order", () => {
    const charts = curves(data, ["a", "b"]);
    expect(charts.map((curve) => curve.title)).toEqual([
      "Validation Dice ↑, global model",
      "Training loss ↓, global model",
    ]);
    expect(charts[0]?.lines).toEqual([
      {
        site: "a",
        points: [
          [1, 0.6],
          [2, 0.7],
        ],
      },
      { site: "b", points: [[1, 0.5]] },
    ]);
  });

  it("puts newer rounds behind the known ones, and lets a repeated round replace its value", () => {
    const merged = mergeCurves(data, answer(9, series("a", { 2: 0.75, 3: 0.8 })));
    expect(merged.lastId).toBe(9);
    expect(curves(merged, ["a", "b"])[0]?.lines[0]?.points).toEqual([
      [1, 0.6],
      [2, 0.75],
      [3, 0.8],
    ]);
  });

  it("stays the same object while nothing is new", () => {
    expect(mergeCurves(data, answer(4))).toBe(data);
  });

  it("writes what is recorded as CSV", () => {
    expect(curvesCsv(curves(data, ["a"]))).toBe(
      "measure,split,model,site,round,value\n" +
        "dice,val,global,a,1,0.6\ndice,val,global,a,2,0.7\ndice,val,global,b,1,0.5\nloss,train,global,a,1,0.9\n",
    );
  });
});

describe("smoothed", () => {
  it("is the corrected moving average", () => {
    // w = 0.5: 0.5 * 4 = 2, over 1 - 0.5 = 4; then 0.5 * 2 + 0.5 * 1 = 1.5, over 1 - 0.25 = 2.
    expect(
      smoothed(
        [
          [1, 4],
          [2, 1],
        ],
        0.5,
      ),
    ).toEqual([
      [1, 4],
      [2, 2],
    ]);
  });

  it("changes nothing at weight 0", () => {
    expect(smoothed([[1, 0.3]], 0)).toEqual([[1, 0.3]]);
  });
});

it("leaves out the rounds that are not in view", () => {
  const points: Point[] = [
    [1, 0.2],
    [2, 0.5],
    [3, 0.6],
    [4, 0.7],
  ];
  expect(inView(points, { from: 1.5, to: 3 })).toEqual([
    [2, 0.5],
    [3, 0.6],
  ]);
});
