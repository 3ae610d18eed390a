import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { finishedExperiment } from "@/testing/experiments";
import { openApp, Refusal } from "@/testing/openApp";
import { federation, site } from "@/testing/records";

const PAGE = 50;
const EYES = federation({ sites: [site({ num_cases: { train: 3 } })], num_experiments: 3 });

const many = Array.from({ length: PAGE }, (_, index) => finishedExperiment(`first-${index}`));

it("says that the rest of a list could not be loaded, tries again, and calls no part of it empty", async () => {
  let broken = true;
  const list = ({ search }: { search: string }) => {
    if (!search.includes("after")) return many;
    return broken ? new Refusal(403, { error: "refused", detail: "not now" }) : [finishedExperiment("the-last")];
  };
  openApp("/federations/f1?tab=experiments&find=the-last", {
    "GET /federations/f1": EYES,
    "GET /federations/f1/experiments": list,
  });
  expect(await screen.findByText("The rest of the list could not be loaded")).toBeInTheDocument();
  expect(screen.getByText("No experiment of those that are loaded so far is like that.")).toBeInTheDocument();
  broken = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("the-last")).toBeInTheDocument();
  expect(screen.queryByText("The rest of the list could not be loaded")).toBeNull();
});

it("takes back only what an archive did, also one that was refused in part", async () => {
  const all = [
    finishedExperiment("old", { archived_at: "2026-01-03T00:00:00Z" }),
    finishedExperiment("one"),
    finishedExperiment("two"),
  ];
  const { sent } = openApp("/federations/f1?tab=experiments&list=runs", {
    "GET /federations/f1": EYES,
    "GET /federations/f1/experiments": all,
    "PATCH /experiments/one": all[1] as object,
    "PATCH /experiments/two": new Refusal(409, { error: "not_allowed", detail: "two is under way" }),
  });
  fireEvent.click(await screen.findByLabelText("All runs that are listed"));
  fireEvent.click(screen.getByLabelText("Archived"));
  await screen.findByText("1 of 3 runs");
  fireEvent.click(screen.getByLabelText("All runs that are listed"));
  expect(screen.getByText("3 runs chosen")).toBeInTheDocument();
  fireEvent.click(await screen.findByRole("button", { name: "Archive 2 experiments" }));
  expect(await screen.findByText("1 experiment is archived.")).toBeInTheDocument();
  expect(screen.getByText(/two is under way/)).toBeInTheDocument();
  fireEvent.click(screen.getByRole("button", { name: "Undo" }));
  const changes = () => sent.filter(({ what }) => what.startsWith("PATCH")).map(({ what, body }) => [what, body]);
  await waitFor(() =>
    expect(changes()).toEqual([
      ["PATCH /experiments/one", { archived: true }],
      ["PATCH /experiments/two", { archived: true }],
      ["PATCH /experiments/one", { archived: false }],
    ]),
  );
});

it("compares, cancels and deletes the ticked runs together, and asks before it takes anything away", async () => {
  const going = finishedExperiment("three", { status: "running" });
  for (const run of going.runs) Object.assign(run, { status: "running", finished_at: null });
  const runs = (all: object[], answers: object = {}) =>
    openApp("/federations/f1?tab=experiments&list=runs", {
      "GET /federations/f1": EYES,
      "GET /federations/f1/experiments": all,
      "POST /runs/three-run/cancel": going.runs[0] as object,
      ...answers,
    });
  const chosen = async () => {
    fireEvent.click(await screen.findByLabelText("All runs that are listed"));
    return within(await screen.findByTestId("chosen-runs"));
  };
  const press = async (dialog: string, button: string) =>
    fireEvent.click(within(await screen.findByRole("dialog", { name: dialog })).getByRole("button", { name: button }));

  const first = runs([finishedExperiment("one"), finishedExperiment("two"), going]);
  let actions = await chosen();
  expect(actions.getByRole("link", { name: "Compare 2" })).toHaveAttribute("href", expect.stringContaining("two-run"));
  expect(actions.getByRole("button", { name: "Delete 3 experiments\u2026" })).toBeDisabled();
  fireEvent.click(actions.getByRole("button", { name: "Cancel 1" }));
  await press("Cancel 1 run?", "Keep them running");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(first.sent.some(({ what }) => what.startsWith("POST"))).toBe(false);
  fireEvent.click(actions.getByRole("button", { name: "Cancel 1" }));
  await press("Cancel 1 run?", "Cancel the runs");
  expect(await screen.findByText("1 run is cancelled.")).toBeInTheDocument();
  first.unmount();

  const second = runs([finishedExperiment("one"), finishedExperiment("two")], {
    "DELETE /experiments/one": {},
    "DELETE /experiments/two": {},
  });
  actions = await chosen();
  fireEvent.click(actions.getByRole("button", { name: "Delete 2 experiments\u2026" }));
  expect(await screen.findByText(/^one, two: all 2 runs of them/)).toBeInTheDocument();
  await press("Delete 2 experiments?", "Delete them");
  expect(await screen.findByText("2 experiments are deleted.")).toBeInTheDocument();
  const deleted = second.sent.filter(({ what }) => what.startsWith("DELETE")).map(({ what }) => what);
  expect(deleted).toEqual(["DELETE /experiments/one", "DELETE /experiments/two"]);
});

it("saves the view of the runs that the address holds under a name", async () => {
  localStorage.clear();
  openApp("/federations/f1?tab=experiments&list=runs&find=seed%3D0&group=method", {
    "GET /federations/f1": EYES,
    "GET /federations/f1/experiments": [finishedExperiment("one")],
  });
  fireEvent.click(await screen.findByRole("button", { name: "Views" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Save this view" }));
  fireEvent.change(await screen.findByLabelText(/Name/), { target: { value: "By method" } });
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  expect(await screen.findByRole("button", { name: "By method" })).toBeInTheDocument();
  const kept = JSON.parse(localStorage.getItem("fedsm-views-f1") ?? "");
  expect(kept).toEqual([{ name: "By method", search: { find: "seed=0", group: "method" } }]);
});

it("shows a saved view in place of all that was chosen", async () => {
  const view = { name: "By method", search: { find: "seed=0", group: "method" } };
  localStorage.setItem("fedsm-views-f1", JSON.stringify([view]));
  openApp("/federations/f1?tab=experiments&list=runs&find=other&runState=failed", {
    "GET /federations/f1": EYES,
    "GET /federations/f1/experiments": [finishedExperiment("one")],
  });
  fireEvent.click(await screen.findByRole("button", { name: "Views" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "By method" }));
  await waitFor(() => expect(screen.getByLabelText("Find")).toHaveValue("seed=0"));
  expect(window.location.search).toContain("group=method");
  expect(window.location.search).not.toContain("runState");
});

it("goes on behind a view that is removed by keyboard", async () => {
  const views = ["By method", "Failed"].map((name) => ({ name, search: { find: name } }));
  localStorage.setItem("fedsm-views-f1", JSON.stringify(views));
  openApp("/federations/f1?tab=experiments&list=runs", {
    "GET /federations/f1": EYES,
    "GET /federations/f1/experiments": [finishedExperiment("one")],
  });
  fireEvent.click(await screen.findByRole("button", { name: "Views" }));
  const remove = async (name: string) => {
    const item = await screen.findByLabelText(`Remove the view ${name}`);
    item.focus();
    fireEvent.click(item);
    await waitFor(() => expect(screen.queryByLabelText(`Remove the view ${name}`)).toBeNull());
  };
  await remove("By method");
  expect(screen.getByRole("menuitem", { name: "Failed", hidden: true })).toHaveFocus();
  await remove("Failed");
  expect(screen.getByRole("menuitem", { name: "Save this view", hidden: true })).toHaveFocus();
});

it("shows the runs of an archived experiment on its own page, and its tabs in one order while it runs and when it is over", async () => {
  const one = finishedExperiment("old", { archived_at: "2026-01-03T00:00:00Z" });
  const [run] = one.runs;
  const second = { ...run, id: "old-second", seed: 1 };
  for (const status of ["running", "completed"]) {
    const runs = [{ ...run, status }, second];
    const page = openApp("/experiments/old?run=runs", {
      "GET /federations/f1": EYES,
      "GET /experiments/old": { ...one, status, runs },
    });
    expect(await screen.findByTestId("run-count")).toHaveTextContent(/^2 runs$/);
    const tabs = screen.getAllByRole("tab").map((tab) => tab.textContent?.replace(/(completed|running)$/i, ""));
    expect(tabs).toEqual(["Results", "Runs (2)", "Settings", "FedAvg", "FedAvg"]);
    page.unmount();
  }
});
