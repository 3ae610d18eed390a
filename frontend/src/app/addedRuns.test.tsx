import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { finishedExperiment, finishedRun } from "@/testing/experiments";
import { openApp, Refusal } from "@/testing/openApp";
import { federation, site } from "@/testing/records";

const SCHEMA = {
  type: "object",
  $defs: {
    fedavg: { type: "object", properties: { name: { const: "fedavg" } } },
    fedprox: {
      type: "object",
      properties: {
        name: { const: "fedprox" },
        mu: {
          type: "number",
          default: 0.01,
          description: "How near a site stays, as in docs/algorithm.md.",
          source: "ours; docs/theory.md",
        },
      },
    },
  },
  properties: {
    strategies: {
      type: "array",
      items: {
        discriminator: { propertyName: "name", mapping: { fedavg: "#/$defs/fedavg", fedprox: "#/$defs/fedprox" } },
      },
    },
  },
};
const EXPERIMENT = finishedExperiment("e1", {
  config: { strategies: [{ name: "fedavg" }, { name: "fedprox", mu: 0.1 }], seeds: [0] },
  runs: [finishedRun("r1", "e1"), finishedRun("r2", "e1", "FedProx")],
});
const ADD = "POST /experiments/e1/runs";

it("adds a method with its own settings, and a seed; a refusal stands at the method until something is changed", async () => {
  const refusal = {
    field: "strategies.0",
    value: "FedProx",
    message: "is in the experiment with these settings",
    remedy: "change one of its settings",
  };
  const { bodies } = openApp("/experiments/e1?run=results", {
    "GET /federations/f1": federation({ sites: [site({})] }),
    "GET /experiments/e1": EXPERIMENT,
    "GET /experiment-schema": SCHEMA,
    [ADD]: ({ body }) =>
      JSON.stringify(body).includes('"mu":0.1')
        ? new Refusal(422, { error: "invalid", detail: "not so", fields: [refusal] })
        : EXPERIMENT,
  });
  fireEvent.click(await screen.findByRole("button", { name: "Add runs" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(await dialog.findByText("Choose a method or a seed.")).toBeInTheDocument();
  fireEvent.click(dialog.getByLabelText("Add a method", { selector: "input" }));
  const option = await screen.findByRole("option", { name: "FedProx", hidden: true });
  expect(screen.queryByRole("option", { name: "FedAvg", hidden: true })).toBeNull();
  fireEvent.click(option);
  const method = within(await dialog.findByRole("region", { name: "FedProx" }));
  const mu = method.getByRole("textbox");
  expect(mu).toHaveValue("0.1");
  expect(method.getByRole("link", { name: "help: algorithm" })).toHaveAttribute("href", "/help/algorithm");
  expect(method.getByRole("link", { name: "help: theory" })).toHaveAttribute("href", "/help/theory");
  expect(method.queryByRole("button", { name: /Several values/ })).toBeNull();

  fireEvent.click(dialog.getByRole("button", { name: "Add 1 run" }));
  const said = "Is in the experiment with these settings. Remedy: change one of its settings.";
  expect(await method.findByText(said)).toBeInTheDocument();
  fireEvent.change(mu, { target: { value: "0.5" } });
  await waitFor(() => expect(method.queryByText(said)).toBeNull());

  const seeds = dialog.getByLabelText("Add seeds", { selector: "input" });
  seeds.focus(); // what is not typed counts for nothing
  fireEvent.change(seeds, { target: { value: "3" } });
  fireEvent.keyDown(seeds, { key: "Enter" });
  fireEvent.click(await dialog.findByRole("button", { name: "Add 4 runs" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(bodies(ADD)).toEqual([
    { strategies: [{ name: "fedprox", mu: 0.1 }], seeds: [], start: true },
    { strategies: [{ name: "fedprox", mu: 0.5 }], seeds: [3], start: true },
  ]);
});
