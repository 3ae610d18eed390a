import { describe, expect, it } from "vitest";
import type { MetricRecord } from "@/api";
import { curves } from "./curves";

function metric(
  id: number,
  site: string,
  round: number,
  value: number,
  more: Partial<MetricRecord> = {},
): MetricRecord {
  return {
    id,
    site_slug: site,
    round,
    value,
    model: "global",
    split: "val",
    name: "dice",
    structure: null,
    num_cases: 3,
    ...more,
  };
}

describe("curves", () => {
  it("makes one chart for each measure and model and one line for each site, in site order", () => {
    const result = curves(
      [
        metric(1, "b", 1, 0.5),
        metric(2, "a", 2, 0.7),
        metric(3, "a", 1, 0.6),
        metric(4, "a", 1, 0.9, { name: "loss", split: "train" }),
      ],
      ["a", "b"],
    );
    expect(result.map((curve) => curve.title)).toEqual([
      "Validation Dice ↑, global model",
      "Training loss ↓, global model",
    ]);
    expect(result[0]?.lines).toEqual([
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

  it("takes the later of two metrics of the same place and leaves single structures out", () => {
    const result = curves(
      [metric(1, "a", 1, 0.1), metric(2, "a", 1, 0.2), metric(3, "a", 1, 0.9, { structure: "cup" })],
      ["a"],
    );
    expect(result[0]?.lines[0]?.points).toEqual([[1, 0.2]]);
  });
});
