import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { RunCases } from "@/api";
import { openApp } from "@/testing/openApp";
import { federation, site } from "@/testing/records";

// jsdom has no canvas.
vi.mock("@/components/Chart", () => ({ Chart: ({ label }: { label: string }) => <p>{label}</p> }));

const run = (id: string, label: string) => ({
  id,
  experiment_id: `of-${id}`,
  strategy: { name: "fedavg" },
  strategy_label: label,
  seed: 0,
  status: "completed",
  best_round: 3,
  num_rounds: 3,
  started_at: null,
  gamma: null,
});
const RUNS = [run("r1", "FedAvg"), run("r2", "FedProx")];
const experiment = (id: string, name: string) => ({
  id: `of-${id}`,
  name,
  federation_id: "f1",
  config: { strategies: [], seeds: [] },
  created_at: "2026-01-02T10:00:00Z",
  kind: "training",
  archived_at: null,
  runs: RUNS.filter((one) => one.id === id),
});
const EXPERIMENTS = [experiment("r1", "Averaged"), experiment("r2", "Held near")];

function cases(id: string, dice: Record<string, number>): RunCases {
  return {
    run_id: id,
    round: 3,
    split: "test",
    num_validation: 0,
    structures: ["disc"],
    models: ["global"],
    cases: Object.entries(dice).map(([name, value]) => ({
      case_id: name,
      name,
      site_slug: "aster",
      dice: { global: { disc: value } },
      scores: { global: { disc: { dice: value } } },
      distance_unit: "px",
      probabilities: null,
      chosen_model: null,
      unlikeness: null,
      unlike: null,
      image_url: null,
      reference_url: null,
      thumbnail_url: null,
      predictions: {},
    })),
  };
}

it("compares runs of two experiments case by case, and opens a case with both models", async () => {
  openApp("/federations/f1/compare?runs=%5B%22r1%22%2C%22r2%22%5D", {
    "GET /federations/f1": federation({ sites: [site({})] }),
    "GET /federations/f1/experiments": EXPERIMENTS,
    "GET /federations/f1/run-comparison": {
      metric: "dice",
      checkpoint: "best",
      structure: null,
      structures: ["disc"],
      unit: null,
      test: "test",
      cautions: [],
      parameters: [],
      rows: [],
      runs: RUNS.map((one, index) => ({
        run: one,
        experiment_name: EXPERIMENTS[index]?.name,
        model: "global",
        seconds: 1,
        bytes_up: 1,
        bytes_down: 1,
      })),
    },
    "GET /runs/r1/cases": cases("r1", { "eye-1": 0.75, "eye-2": 0.5, "eye-3": 0.9 }),
    "GET /runs/r2/cases": cases("r2", { "eye-1": 0.5, "eye-2": 0.75 }),
    "GET /runs/r1": RUNS[0] ?? null,
    "GET /runs/r2": RUNS[1] ?? null,
    "GET /runs/r1/curves": { last_id: 0, series: [] },
    "GET /runs/r2/curves": { last_id: 0, series: [] },
    "GET /runs/r1/history": { run_id: "r1", best_round: 3, rounds: [], cases: [] },
    "GET /experiments/of-r1": EXPERIMENTS[0] ?? null,
    "GET /experiments/of-r2": EXPERIMENTS[1] ?? null,
  });
  expect(await screen.findByTestId("tally")).toHaveTextContent(
    "FedAvg, seed 0, Averaged is better at 1 and worse at 1 of 2 cases than FedProx, seed 0, Held near.",
  );
  const marks = within(screen.getByRole("navigation", { name: "On this page" })).getAllByRole("button");
  expect(marks.map((mark) => mark.textContent)).toEqual([
    "Test scores ↑",
    "Cases",
    "Settings",
    "Learning curves",
    "Costs",
  ]);
  const rows = within(screen.getByTestId("compared-cases")).getAllByRole("row").slice(1);
  expect(rows.map((row) => row.textContent)).toEqual([
    expect.stringContaining("eye-2"),
    expect.stringContaining("eye-1"),
  ]);
  expect(rows[0]).toHaveTextContent("−0.250");
  fireEvent.click(screen.getByRole("link", { name: "eye-2" }));
  await waitFor(() => expect(window.location.pathname).toBe("/runs/r1/cases"));
  await waitFor(() => expect(screen.getByTestId("tally")).toHaveTextContent("than FedProx of Held near: global model"));
  const against = screen.getByRole("combobox", { name: "Compare the cases with" });
  await waitFor(() => expect(against).toHaveValue("FedProx of Held near: global model"));
});
