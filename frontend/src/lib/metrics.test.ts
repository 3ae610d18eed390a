import { describe, expect, it } from "vitest";
import { compareScores, formatDifference, formatScore, METRICS, metricTitle } from "./metrics";

describe("metrics", () => {
  it("knows the eight and which way each is better", () => {
    const down = METRICS.filter((metric) => !metric.higherIsBetter).map((metric) => metric.name);
    expect(METRICS).toHaveLength(8);
    expect(down).toEqual(["hd95", "assd", "volume_difference"]);
  });

  it("shows lengths with two digits and shares with three, and no value as a dash", () => {
    expect(formatScore(0.85049, "dice")).toBe("0.850");
    expect(formatScore(12.345, "hd95")).toBe("12.35");
    expect(formatScore(null, "assd")).toBe("–");
  });

  it("signs differences, and gives none to what rounds to nothing", () => {
    expect(formatDifference(0.0123, "dice")).toBe("+0.012");
    expect(formatDifference(-1.5, "hd95")).toBe("−1.50");
    expect(formatDifference(-0.0001, "dice")).toBe("0.000");
  });

  it("rounds what lies in the middle as the backend does", () => {
    expect(formatScore(1.125, "hd95")).toBe("1.12");
    expect(formatScore(0.375, "hd95")).toBe("0.38");
    expect(formatScore(0.0625, "dice")).toBe("0.062");
    expect(formatScore(4.35, "hd95")).toBe("4.35");
    expect(formatDifference(-0.125, "hd95")).toBe("−0.12");
    expect(formatScore(1, "dice")).toBe("1.000");
  });

  it("names the unit that the results have", () => {
    expect(metricTitle("hd95", "px")).toBe("HD95 in px ↓");
    expect(metricTitle("assd", "mixed")).toBe("ASSD in mm or px ↓");
    expect(metricTitle("dice")).toBe("Dice ↑");
  });

  it("takes the smaller distance for the better one, and no value for the worst", () => {
    expect(compareScores(0.9, 0.8, "dice")).toBeGreaterThan(0);
    expect(compareScores(3, 5, "hd95")).toBeGreaterThan(0);
    expect(compareScores(null, 99, "hd95")).toBeLessThan(0);
    expect(compareScores(null, null, "dice")).toBe(0);
  });
});
