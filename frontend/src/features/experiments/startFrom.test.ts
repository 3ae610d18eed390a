import { expect, it } from "vitest";
import type { ModelSet, RegisteredModelRecord } from "@/api";
import { choiceOf, RANDOM, startChoices, startOf } from "./startFrom";

const VERSION = { reference: "fundus:3", experiment_name: "Eyes", strategy_label: "FedSM", seed: 0, round: 12 };
const REGISTERED = [
  { name: "fundus", aliases: { best: 3 }, versions: [VERSION] },
] as unknown as RegisteredModelRecord[];
const SETS = [
  { run_id: "r1", experiment_name: "Eyes", strategy_label: "FedSM", seed: 0, round: 12, scores: [] },
] as unknown as ModelSet[];

const shown = (start: Parameters<typeof choiceOf>[0]) =>
  startChoices(REGISTERED, SETS, start).find(({ value }) => value === choiceOf(start))?.label;

it("shows what a file or another experiment begins with, never random weights in its place", () => {
  expect(shown(null)).toMatch(/^Random weights/);
  expect(shown({ version: "fundus@best", models: "all" })).toBe("Registered: fundus@best, now fundus:3");
  expect(shown({ run: "r1", version: "fundus:3", models: "all" })).toMatch(/^Registered: fundus:3 \(Eyes: FedSM/);
  expect(shown({ run: "r1", models: "all" })).toBe("Eyes: FedSM, seed 0, round 12");
  expect(shown({ version: "other@best", models: "all" })).toBe("Registered: other@best");
  expect(shown({ run: "r9", models: "all" })).toBe("Run r9");
});

it("offers random weights, aliases, versions and model sets, and gives each back as the contract has it", () => {
  const before = { run: "r1", models: "global" };
  expect(startChoices(REGISTERED, SETS, null).map(({ value }) => startOf(value, before))).toEqual([
    null,
    { run: null, version: "fundus@best", models: "global" },
    { run: null, version: "fundus:3", models: "global" },
    { run: "r1", version: null, models: "global" },
  ]);
  expect(startOf("r1", null)).toEqual({ run: "r1", version: null, models: "all" });
  expect(startOf(RANDOM, before)).toBeNull();
});
