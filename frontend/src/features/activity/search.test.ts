import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { activityCsvUrl, activityFilters, activitySearch } from "./search";

const NOON = Date.parse("2026-03-01T12:00:30Z");

describe("activityFilters", () => {
  it("leaves out the steps of runs unless they are asked for", () => {
    expect(activityFilters({}, NOON).kind).not.toContain("task");
    expect(activityFilters({ kind: "everything" }, NOON)).toEqual({});
    expect(activityFilters({ kind: "task" }, NOON)).toEqual({ kind: ["task"] });
  });

  it("begins a span at a full minute", () => {
    expect(activityFilters({ kind: "everything", span: "hour", level: "error" }, NOON)).toEqual({
      level: "error",
      since: "2026-03-01T11:00:00.000Z",
    });
  });
});

describe("activityCsvUrl", () => {
  it("escapes what is searched for", () => {
    expect(activityCsvUrl({ text: "a&b = 100%" })).toBe("/api/v1/events.csv?text=a%26b+%3D+100%25");
    expect(activityCsvUrl({ kind: ["user", "site"] })).toBe("/api/v1/events.csv?kind=user&kind=site");
    expect(activityCsvUrl({})).toBe("/api/v1/events.csv");
  });
});

describe("activitySearch", () => {
  it("keeps what is valid", () => {
    expect(v.parse(activitySearch, { kind: "user", level: "grave", span: "week", actor: 7 })).toEqual({
      actor: "7",
      federation: undefined,
      kind: "user",
      level: undefined,
      span: "week",
      text: undefined,
    });
  });
});
