import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { openApp } from "@/testing/openApp";
import { federation } from "@/testing/records";

const named = (name: string, properties: object) => ({
  type: "object",
  properties: { name: { const: name }, ...properties },
});
const SCHEMA = {
  type: "object",
  $defs: {
    fedsm: named("fedsm", {
      lambda: { type: "number", default: 0.7 },
      rounds_without_pull: { type: "integer", default: 0 },
    }),
    centralized: named("centralized", { steps: { enum: ["full", "equal"], type: "string", default: "full" } }),
  },
  properties: {
    strategies: {
      type: "array",
      items: {
        discriminator: {
          propertyName: "name",
          mapping: { fedsm: "#/$defs/fedsm", centralized: "#/$defs/centralized" },
        },
      },
    },
  },
};
const DRAFT = {
  name: "Try",
  held_out_sites: ["dogwood"],
  schedule: { rounds: 16 },
  strategies: [
    { name: "fedsm", lambda: 0.9, rounds_without_pull: 0 },
    { name: "centralized", steps: "full" },
  ],
  sweep: { "fedsm.rounds_without_pull": { text: "0, 2", values: [0, 2] } },
};
const LEFT_OUT = [
  { field: "routing", value: "quality", reason: "It needs 5: Aster has 4." },
  { field: "server_momentum", value: 0.9, reason: "It needs 20 rounds." },
  { field: "momentum_models", value: "all", reason: "It needs 20 rounds." },
];
const preset = (name: string, title: string, value: number) => ({
  name,
  title,
  description: "Measured.",
  evidence: "docs/gap-measured.md#what-follows",
  settings: [{ field: "rounds_without_pull", value, reason: "Nobody trained since." }],
  left_out: name === "paper" ? [] : LEFT_OUT,
});
const WARNING = {
  field: "strategies",
  value: "centralized",
  message: "takes 4.0 times the gradient steps",
  remedy: "add centralized with steps equal",
  adds: { name: "centralized", steps: "equal" },
};
const CHECK = "POST /federations/f1/experiments/check";
const answers = {
  "GET /federations/f1": federation({}),
  "GET /experiment-schema": SCHEMA,
  "GET /federations/f1/experiments": [],
  "POST /federations/f1/experiments/sweep": { experiments: [], num_runs: 0, num_rounds: 0 },
  "GET /federations/f1/method-presets": [
    preset("paper", "As in the paper", 0),
    preset("validation", "Recommended by validation", 1),
  ],
  [CHECK]: { problems: [], warnings: [WARNING], num_sites: 1, num_runs: 1, rho: {} },
};
const kept = () => JSON.parse(localStorage.getItem("fedsm-draft-f1") ?? "{}");

beforeEach(() => localStorage.setItem("fedsm-draft-f1", JSON.stringify(DRAFT)));

it("sets what validation prefers in one click, says what changed and what is left out, and takes it back", async () => {
  const { sent } = openApp("/federations/f1/experiments/new?step=methods", answers);
  const recommended = await screen.findByRole("button", { name: "Recommended by validation" });
  expect(sent.find(({ what }) => what === "GET /federations/f1/method-presets")?.search).toBe(
    "?held_out=dogwood&rounds=16",
  );
  expect(recommended).toHaveAttribute("aria-pressed", "false");
  expect(screen.getByText(/Not recommended here: Routing quality\. It needs 5: Aster has 4\./)).toBeInTheDocument();
  expect(screen.getByText(/: Server momentum 0\.9, Momentum models all\. It needs 20 rounds\./)).toBeInTheDocument();
  fireEvent.click(screen.getByRole("button", { name: "Why" }));
  expect(screen.getAllByText(/Nobody trained since/)).toHaveLength(2);
  fireEvent.click(recommended);
  const said = await screen.findByText(/Rounds without pull: 1 \(was 0, 2\)/);
  expect(recommended).toHaveAttribute("aria-pressed", "true");
  expect(kept().strategies[0]).toEqual({ name: "fedsm", lambda: 0.9, rounds_without_pull: 1 });
  expect(kept().sweep).toEqual({});
  fireEvent.click(within(said.closest("[role=status]") as HTMLElement).getByRole("button", { name: "Undo" }));
  await waitFor(() => expect(recommended).toHaveAttribute("aria-pressed", "false"));
  expect([kept().strategies, kept().sweep]).toEqual([DRAFT.strategies, DRAFT.sweep]);
});

it("adds the method that a warning names, next to the one that is there, and takes it back", async () => {
  localStorage.setItem("fedsm-draft-f1", JSON.stringify({ ...DRAFT, sweep: {} }));
  openApp("/federations/f1/experiments/new?step=review", answers);
  fireEvent.click(await screen.findByRole("button", { name: "Add Centralized, steps equal" }));
  expect(await screen.findByText(/Centralized, steps equal is added to the methods\./)).toBeInTheDocument();
  expect(kept().strategies).toEqual([...DRAFT.strategies, { name: "centralized", steps: "equal" }]);
  fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  await waitFor(() => expect(kept().strategies).toEqual(DRAFT.strategies));
});
