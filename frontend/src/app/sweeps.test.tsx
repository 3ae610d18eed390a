import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { experimentsQuery } from "@/api";
import { queryClient } from "@/app/queryClient";
import { openApp, Refusal } from "@/testing/openApp";
import { federation } from "@/testing/records";

const SCHEMA = {
  type: "object",
  $defs: { fedavg: { type: "object", properties: { name: { const: "fedavg" } } } },
  properties: {
    schedule: {
      type: "object",
      properties: { learning_rate: { type: "number", default: 7 }, rounds: { type: "integer", default: 2 } },
    },
    strategies: {
      type: "array",
      items: {
        oneOf: [{ $ref: "#/$defs/fedavg" }],
        discriminator: { propertyName: "name", mapping: { fedavg: "#/$defs/fedavg" } },
      },
    },
  },
};
const RATES = [0.1, 0.2, 0.3];
/** The single learning rate, 7, is one that no experiment may have. */
const DRAFT = {
  name: "Try",
  schedule: { learning_rate: 7, rounds: 2 },
  strategies: [{ name: "fedavg" }],
  sweep: { "schedule.learning_rate": { text: RATES.join(", "), values: RATES } },
};
const PLAN = {
  experiments: RATES.map((learning_rate) => ({
    name: `Try (schedule.learning_rate ${learning_rate})`,
    label: `schedule.learning_rate ${learning_rate}`,
    config: { schedule: { learning_rate, rounds: 2 }, strategies: [{ name: "fedavg" }], seeds: [0] },
    methods: ["FedAvg"],
    num_runs: 1,
    problems: [],
  })),
  num_runs: 3,
  num_rounds: 6,
};
const ADDRESS = "/federations/f1/experiments/new?step=review";
const CREATE = "POST /federations/f1/experiments";
const SWEEP = "POST /federations/f1/experiments/sweep";
const answers = {
  "GET /federations/f1": federation({}),
  "GET /experiment-schema": SCHEMA,
  "GET /federations/f1/experiments": [],
  "POST /federations/f1/experiments/check": { problems: [], warnings: [], num_sites: 1, num_runs: 1, rho: {} },
  [SWEEP]: PLAN,
};

beforeEach(() => {
  localStorage.clear();
  localStorage.setItem("fedsm-draft-f1", JSON.stringify(DRAFT));
});

it("says how many of a sweep are created where one is refused, and makes only the others then, also after a reload", async () => {
  const fields = [{ field: "config.schedule", value: "", message: "is not possible now", remedy: "try later" }];
  let full = true;
  const ids = ["e1", "e2", "e3"];
  const all = {
    ...answers,
    "GET /experiments/e1": { id: "e1" },
    "GET /experiments/e2": { id: "e2" },
    [CREATE]: () => {
      if (full && ids.length === 1) return new Refusal(422, { error: "invalid", detail: "no", fields });
      return { id: ids.shift() };
    },
  };
  const first = openApp(ADDRESS, all);
  const listed = experimentsQuery("f1").queryKey;
  queryClient.setQueryData(listed, []);
  const label = "Create 3 experiments without starting";
  fireEvent.click(await screen.findByRole("button", { name: label }));
  expect(await screen.findByText("2 of 3 experiments are created")).toBeInTheDocument();
  expect(screen.getByText(/Is not possible now/)).toBeInTheDocument();
  expect(screen.getByRole("button", { name: label })).toBeEnabled();
  expect(queryClient.getQueryState(listed)?.isInvalidated).toBe(true);
  expect(first.bodies("POST /federations/f1/experiments/check")[0]).toMatchObject({
    config: { schedule: { learning_rate: 0.1 } },
  });
  expect(first.bodies(SWEEP)[0]).toMatchObject({ config: { schedule: { learning_rate: 0.1 } } });
  first.unmount();

  full = false;
  const second = openApp(ADDRESS, all);
  expect(await screen.findByText("2 of 3 experiments are created")).toBeInTheDocument();
  fireEvent.click(await screen.findByRole("button", { name: label }));
  await waitFor(() => expect(window.location.pathname).toBe("/federations/f1"));
  expect(second.bodies(CREATE)).toMatchObject([{ name: "Try (schedule.learning_rate 0.3)" }]);
  expect(new URLSearchParams(window.location.search).get("find")).toBe("Try");
  expect(localStorage.getItem("fedsm-draft-f1")).toBeNull();
  expect(localStorage.getItem("made-of-fedsm-draft-f1")).toBeNull();
});

it("says why there is no plan, asks again, and says what a file leaves out", async () => {
  let busy = true;
  Object.assign(URL, { createObjectURL: () => "blob:x", revokeObjectURL: () => undefined }); // jsdom has neither
  openApp(ADDRESS, {
    ...answers,
    [SWEEP]: () => (busy ? new Refusal(503, { error: "busy", detail: "The database is away." }) : PLAN),
    "POST /federations/f1/experiment-files/write": {},
  });
  expect(await screen.findByText("The experiments of the sweep are not known")).toBeInTheDocument();
  expect(screen.getByRole("button", { name: /without starting/ })).toBeDisabled();
  busy = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("button", { name: "Create 3 experiments without starting" })).toBeEnabled();
  fireEvent.click(screen.getByRole("button", { name: "File" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Download as YAML, without the sweep" }));
  expect(await screen.findByText(/--sweep schedule\.learning_rate=0\.1,0\.2,0\.3/)).toBeInTheDocument();
});

it("keeps the dry runs that are started where a later one is refused", async () => {
  const ids = ["d1", "d2"];
  openApp(ADDRESS, {
    ...answers,
    "POST /federations/f1/dry-runs": () => {
      const id = ids.shift();
      return id ? { id } : new Refusal(429, { error: "too_many_requests", detail: "At most 60 a minute." });
    },
    "GET /dry-runs/d1": { id: "d1", status: "failed", sites: [], estimate: null, config: {} },
    "GET /dry-runs/d2": { id: "d2", status: "failed", sites: [], estimate: null, config: {} },
  });
  fireEvent.click(await screen.findByRole("button", { name: "Try 3 experiments" }));
  expect((await screen.findAllByText("At most 60 a minute.")).length).toBeGreaterThan(0);
  await waitFor(() => expect(window.location.search).toContain("d2"));
  expect(window.location.search).toContain("d1");
  expect(await screen.findByRole("button", { name: "Try again" })).toBeEnabled();
});
