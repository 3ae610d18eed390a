import { describe, expect, it } from "vitest";
import type { FieldProblem } from "@/api";
import { isUsual, neighbour, problemsOf, stepOf } from "./steps";

const problem = (field: string): FieldProblem => ({ field, value: "", message: "", remedy: "" });

describe("steps", () => {
  it("finds the step of every field, with and without the request's envelope", () => {
    expect(stepOf("config.schedule.rounds")).toBe("training");
    expect(stepOf("strategies.2.lambda")).toBe("methods");
    expect(stepOf("config.held_out_sites")).toBe("task");
    expect(stepOf("data.image_size")).toBe("data");
    expect(stepOf("seeds")).toBe("training");
  });

  it("shows what no step owns with the review", () => {
    expect(stepOf("config")).toBe("review");
    expect(problemsOf("review", [problem("config"), problem("data.depth")])).toEqual([problem("config")]);
  });

  it("has a neighbour on either side but at the ends", () => {
    expect(neighbour("task", -1)).toBeNull();
    expect(neighbour("task", 1)).toBe("data");
    expect(neighbour("review", 1)).toBeNull();
  });

  it("folds away what few people change, a new field of the contract among it", () => {
    expect(isUsual("schedule", "rounds")).toBe(true);
    expect(isUsual("schedule", "brand_new")).toBe(false);
    expect(isUsual("network", "anything")).toBe(true);
  });
});
