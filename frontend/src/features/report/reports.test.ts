import { describe, expect, it } from "vitest";
import type { Report, ReportTable } from "@/api";
import { cellText, isReportPath, programsText, readingOrder, reportModel, tableTitle } from "./reports";

const TABLE = { metric: "hd95", unit: "mm", higher_is_better: false, structure: null } as ReportTable;

describe("a report on screen", () => {
  it("is open to readers without an account, and nothing else is", () => {
    expect(isReportPath("/reports/abc")).toBe(true);
    expect(isReportPath("/experiments/reports")).toBe(false);
  });

  it("puts the pooled column first", () => {
    expect(readingOrder(["a", "b", null])).toEqual([2, 0, 1]);
    expect(readingOrder(["a"])).toEqual([0]);
  });

  it("names unit and direction", () => {
    expect(tableTitle(TABLE)).toBe("HD95 in mm ↓, mean over structures");
    expect(tableTitle({ ...TABLE, metric: "dice", unit: null, higher_is_better: true, structure: "disc" })).toBe(
      "Dice ↑, disc",
    );
  });

  it("marks what differs from the baseline, and shows a dash for no value", () => {
    const cell = { mean: 4.126, std: 0.5, p: 0.049 };
    expect(cellText(cell as never, TABLE)).toEqual({ mean: "4.13", std: "0.50", mark: "†" });
    expect(cellText({ mean: null, std: null, p: 0.05 } as never, TABLE)).toEqual({ mean: "–", std: null, mark: "" });
  });

  it("says which programs made it, as far as they are known", () => {
    const made = (...versions: (string | null)[]) =>
      programsText({
        version: "0.3.0",
        methods: [{ runs: versions.map((code_version) => ({ code_version })) }],
      } as Report);
    expect(made("0.2.0", "0.1.0", "0.2.0")).toBe(
      "Trained with FedSM Studio 0.1.0, 0.2.0; frozen by FedSM Studio 0.3.0",
    );
    expect(made(null)).toBe("Frozen by FedSM Studio 0.3.0");
  });

  it("names a site's model by the site", () => {
    expect(reportModel("personalized/a", () => "Aster")).toBe("Model of Aster");
    expect(reportModel("own", () => "")).toBe("Own site's model");
  });
});
