import { describe, expect, it } from "vitest";
import type { CaseRecord } from "@/api";
import {
  casesCsvUrl,
  neighbour,
  patientsText,
  reasonCounts,
  recentFolders,
  sizeText,
  skippedCases,
  usedCases,
} from "./datasetCases";

const used = (name: string, split: CaseRecord["split"]) => ({ name, used: true, split, patient: null }) as CaseRecord;
const skipped = (name: string, reason_code: CaseRecord["reason_code"]) =>
  ({ name, used: false, reason_code, reason: "Remedy: paint it", patient: null }) as CaseRecord;
const ALL = [used("eye 1", "train"), used("eye 2", "test"), skipped("eye 3", "empty_mask"), skipped("x", "no_mask")];
const names = (rows: CaseRecord[]) => rows.map(({ name }) => name);

describe("filters", () => {
  it("take split and name of used cases, reason and text of skipped ones", () => {
    expect(names(usedCases(ALL, {}))).toEqual(["eye 1", "eye 2"]);
    expect(names(usedCases(ALL, { split: "test" }))).toEqual(["eye 2"]);
    expect(names(usedCases(ALL, { find: "EYE 1" }))).toEqual(["eye 1"]);
    expect(names(skippedCases(ALL, { reason: "no_mask" }))).toEqual(["x"]);
    expect(names(skippedCases(ALL, { find: "paint" }))).toEqual(["eye 3", "x"]);
  });
});

it("counts reasons, the most common first", () => {
  expect(reasonCounts({ skipped_by_reason: { no_mask: 1, empty_mask: 5 } })).toEqual([
    ["empty_mask", 5],
    ["no_mask", 1],
  ]);
});

it("finds the neighbours of a case", () => {
  expect(neighbour(ALL, "eye 1", 1)?.name).toBe("eye 2");
  expect(neighbour(ALL, "eye 1", -1)).toBeUndefined();
  expect(neighbour(ALL, "not there", 1)).toBeUndefined();
});

it("writes addresses and sizes", () => {
  expect(casesCsvUrl("d", false, "no_mask")).toBe("/api/v1/datasets/d/cases.csv?used=false&reason=no_mask");
  expect(sizeText({ depth: null, height: 96, width: 128 })).toBe("96 × 128 px");
  expect(sizeText({ depth: 24, height: 96, width: 128 })).toBe("24 × 96 × 128 px");
});

it("offers the folders of before, the latest first, and what holds them", () => {
  const datasets = [
    { folder: "/data/a", created_at: "2026-01-01" },
    { folder: "/data/b", created_at: "2026-01-02" },
  ];
  expect(recentFolders(datasets)).toEqual(["/data/b", "/data/a", "/data"]);
});

it("says of how many cases the patients are known", () => {
  const text = (num_patients: number | null, num_without_patient: number) =>
    patientsText({ num_patients, num_without_patient, num_used: 10 });
  expect(text(7, 0)).toBe("7 patients");
  expect(text(1, 8)).toBe("1 known patient of 2 cases; the patients of 8 are not known");
  expect(text(9, 1)).toBe("9 known patients of 9 cases; the patient of 1 is not known");
  expect(text(null, 10)).toBe("Patients not known");
});
