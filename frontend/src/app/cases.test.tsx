import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import type { RunCases, ScoredCase } from "@/api";
import { openApp } from "@/testing/openApp";
import { federation, site } from "@/testing/records";

const RUN = {
  id: "r1",
  experiment_id: "e1",
  strategy: { name: "fedavg" },
  strategy_label: "FedAvg",
  seed: 0,
  status: "completed",
  gamma: null,
};

function scored(name: string, dice: number): ScoredCase {
  const scores = { global: { disc: { dice } } };
  return {
    case_id: name,
    name,
    site_slug: "aster",
    dice: { global: { disc: dice } },
    scores,
    distance_unit: "px",
    probabilities: null,
    chosen_model: null,
    unlikeness: null,
    unlike: null,
    image_url: null,
    reference_url: null,
    thumbnail_url: null,
    predictions: {},
  };
}

function cases(split: RunCases["split"], ...rows: ScoredCase[]): RunCases {
  return { run_id: "r1", round: 3, split, num_validation: 2, structures: ["disc"], models: ["global"], cases: rows };
}

const UNLIKE = "This image is unlike every site's images: 12 times the usual distance; the mask may be wrong.";
const EXPERIMENT = { id: "e1", name: "Try", federation_id: "f1", archived_at: null, runs: [RUN] };

it("lists validation cases apart from test cases, and says that their images stay, and that an experiment is archived", async () => {
  openApp("/runs/r1/cases", {
    "GET /runs/r1": RUN,
    "GET /experiments/e1": { ...EXPERIMENT, archived_at: "2026-01-03T10:00:00Z" },
    "GET /federations/f1": federation({ sites: [site({})] }),
    "GET /runs/r1/history": { run_id: "r1", best_round: 3, rounds: [], cases: [] },
    "GET /runs/r1/cases": ({ search }) =>
      search.includes("split=val")
        ? cases("val", scored("eye-8", 0.5), scored("eye-9", 0.25))
        : cases("test", { ...scored("eye-1", 0.75), unlike: UNLIKE }),
  });
  expect(await screen.findByTestId("case-count")).toHaveTextContent("1 test case");
  expect(screen.getByText("Experiment archived")).toBeInTheDocument();
  expect(screen.getByTestId("unlike"), "above the picture").toHaveTextContent(UNLIKE);
  fireEvent.click(screen.getByRole("radio", { name: "Validation" }));
  await waitFor(() => expect(screen.getByTestId("case-count")).toHaveTextContent("2 validation cases"));
  expect(window.location.search).toBe("?split=val");
  expect(screen.queryByTestId("unlike")).toBeNull();
  expect(screen.getByText(/Their images and masks stay at the site/)).toBeInTheDocument();
  expect(screen.getByText("eye-9, Aster clinic"), "the worst first").toBeInTheDocument();
  expect(screen.queryByText("eye-1")).toBeNull();
  fireEvent.click(screen.getByRole("radio", { name: "Test" }));
  await waitFor(() => expect(screen.getByTestId("case-count")).toHaveTextContent("1 test case"));
});

it("promises no cases of a run that was cancelled", async () => {
  const cancelled = { ...RUN, status: "cancelled", num_finished_rounds: 2, end_refusal: null };
  openApp("/runs/r1/cases", {
    "GET /runs/r1": cancelled,
    "GET /experiments/e1": { ...EXPERIMENT, runs: [cancelled] },
    "GET /federations/f1": federation({ sites: [site({})] }),
    "GET /runs/r1/cases": cases("test"),
  });
  expect(await screen.findByText(/The run was cancelled before it was tested/)).toHaveTextContent("End here");
  expect(screen.getByRole("link", { name: "Look at the run" })).toBeInTheDocument();
  expect(screen.queryByText(/appear here/)).toBeNull();
});
