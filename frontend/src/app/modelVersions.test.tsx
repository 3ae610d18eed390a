import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { HEBREW, MODEL_ANSWERS, registered, version } from "@/testing/models";
import { openApp } from "@/testing/openApp";
import { signedInAs } from "@/testing/records";

// jsdom has no WebGL: what stands around the picture is looked at.
vi.mock("@/components/viewer/Viewer", () => ({ default: () => null }));

it("takes notes that were begun for one version to no other one", async () => {
  openApp("/models/v1?with=v2", MODEL_ANSWERS);
  const notes = await screen.findByTestId("version-notes");
  fireEvent.click(within(notes).getByRole("button", { name: "Edit" }));
  fireEvent.change(within(notes).getByLabelText("Notes"), { target: { value: "Only of the first." } });
  const comparison = await screen.findByTestId("version-comparison");
  fireEvent.click(within(comparison).getByRole("link", { name: "fundus:2" }));
  expect(await screen.findByRole("heading", { name: "fundus:2" })).toBeInTheDocument();
  expect(await within(screen.getByTestId("version-notes")).findByText("Notes of 2.")).toBeInTheDocument();
  expect(screen.queryByLabelText("Notes")).toBeNull();
});

it("says which models are of an archived experiment, in both lists and on the page of each", async () => {
  const archived = version(1, { experiment_archived: true });
  const models = [{ id: "m1", name: "fundus", aliases: {}, versions: [version(2), archived] }];
  const answers = {
    ...MODEL_ANSWERS,
    "GET /federations/f1/registered-models": models,
    "GET /federations/f1/models": [
      { ...version(1).facts, experiment_archived: true },
      { ...version(1).facts, run_id: "r2" },
    ],
    "GET /model-versions/v1": archived,
    "GET /runs/r1/model": { ...version(1).facts, experiment_archived: true },
  };
  const lists = openApp("/federations/f1?tab=models", answers);
  const archivedRows = (list: string) =>
    within(screen.getByTestId(list))
      .getAllByRole("row")
      .slice(1)
      .map((row) => within(row).queryByText("Archived") !== null);
  await screen.findByTestId("models");
  await waitFor(() => expect(archivedRows("registered-models")).toEqual([false, true]));
  expect(archivedRows("models")).toEqual([true, false]);
  lists.unmount();
  for (const address of ["/models/v1", "/runs/r1/model"]) {
    const page = openApp(address, answers);
    expect(await screen.findByText("Experiment archived")).toBeInTheDocument();
    expect(await screen.findByRole("navigation", { name: "On this page" })).toBeInTheDocument();
    page.unmount();
  }
});

it("names sites, and isolates what somebody wrote", async () => {
  openApp("/models/v1?with=v2", MODEL_ANSWERS);
  const comparison = await screen.findByTestId("version-comparison");
  expect(within(comparison).getByText("Aster clinic").tagName).toBe("BDI");
  expect(within(comparison).getByText("Notes of 2.").tagName).toBe("BDI");
  expect(screen.getAllByText(HEBREW).map(({ tagName }) => tagName)).toEqual(["BDI", "BDI"]);
});

it("links each version with those it was made from and those made from it", async () => {
  const made = (number: number, from: number | null) =>
    version(number, { made_from: from === null ? null : `fundus:${from}` });
  const third = made(3, 2);
  const versions = [made(4, 3), third, made(2, 7)];
  const models = [{ id: "m1", name: "fundus", aliases: {}, versions }];
  const answers = {
    ...MODEL_ANSWERS,
    "GET /federations/f1/registered-models": models,
    "GET /model-versions/v3": third,
  };
  openApp("/models/v3", answers);
  const lineage = await screen.findByTestId("lineage");
  expect(
    within(lineage)
      .getAllByRole("listitem")
      .map(({ textContent }) => textContent),
  ).toEqual(["fundus:2", "fundus:7 (removed)", "fundus:4"]);
  expect(within(lineage).getByRole("link", { name: "fundus:4" })).toHaveAttribute("href", "/models/v4");
});

it("compares two of the versions that there are, also after one was removed", async () => {
  let there = [1, 2, 3];
  openApp("/federations/f1?tab=models", {
    ...MODEL_ANSWERS,
    "GET /federations/f1/registered-models": () => registered(...there),
  });
  const card = await screen.findByTestId("registered-models");
  expect(within(card).getAllByText("Aster clinic")[0]?.tagName).toBe("BDI");
  fireEvent.click(within(card).getByLabelText("Compare fundus:1"));
  fireEvent.click(within(card).getByLabelText("Compare fundus:3"));
  expect(within(card).getByRole("button", { name: "Compare two" })).toBeEnabled();
  there = [1, 2];
  const { queryClient } = await import("./queryClient");
  await queryClient.invalidateQueries({ queryKey: ["registered-models", "f1"] });
  await waitFor(() => expect(within(card).queryByLabelText("Compare fundus:3")).toBeNull());
  expect(within(card).getByRole("button", { name: "Compare two" })).toBeDisabled();
  fireEvent.click(within(card).getByLabelText("Compare fundus:2"));
  fireEvent.click(within(card).getByRole("button", { name: "Compare two" }));
  await waitFor(() => expect(window.location.pathname).toBe("/models/v1"));
  expect(window.location.search).toContain("with=v2");
});

it("tells a reader who registers models, and gives no download that would be refused", async () => {
  const answers = { ...MODEL_ANSWERS, "GET /federations/f1/registered-models": [] };
  const { unmount } = openApp("/federations/f1?tab=models", { ...answers, "GET /session": signedInAs("reader") });
  const card = await screen.findByTestId("registered-models");
  expect(within(card).getByText(/Models are registered by researchers/)).toBeInTheDocument();
  expect(within(card).queryByText(/choose Register/)).toBeNull();
  expect(screen.queryByText("ZIP")).toBeNull();
  unmount();
  openApp("/federations/f1?tab=models", answers);
  expect(await screen.findByText(/choose Register/)).toBeInTheDocument();
  expect(screen.getByText("ZIP")).toBeInTheDocument();
});

it("adds a site that the selector does not know, with the data sets of that site alone", async () => {
  const one = version(1);
  const fedsm = {
    ...one,
    facts: { ...one.facts, sites: ["aster"], strategy: { name: "fedsm", selector: { name: "lda" } } },
  };
  const data = (id: string, slug: string) => ({
    id,
    site_slug: slug,
    site_name: slug,
    name: id,
    num_used: 9,
    status: "ready",
  });
  const { bodies } = openApp("/models/v1", {
    ...MODEL_ANSWERS,
    "GET /model-versions/v1": fedsm,
    "GET /federations/f1/datasets": [
      data("known", "aster"),
      data("left", "maple"),
      data("more", "maple"),
      data("far", "oak"),
    ],
    "POST /model-versions/v1/site-additions": { id: "e9" },
  });
  const card = await screen.findByTestId("use-again");
  fireEvent.click(within(card).getByRole("button", { name: "Add a site" }));
  const dialog = await screen.findByRole("dialog");
  fireEvent.click(await within(dialog).findByLabelText("Data sets", { selector: "input" }));
  expect(await screen.findByRole("option", { name: "oak: far (9 cases)", hidden: true })).toBeInTheDocument();
  expect(screen.queryByRole("option", { name: /known/, hidden: true })).toBeNull();
  fireEvent.click(screen.getByRole("option", { name: "maple: left (9 cases)", hidden: true }));
  await waitFor(() => expect(screen.queryByRole("option", { name: /far/, hidden: true })).toBeNull());
  fireEvent.click(within(dialog).getByRole("button", { name: "Add the site" }));
  await waitFor(() => expect(bodies("POST /model-versions/v1/site-additions")).toEqual([{ datasets: ["left"] }]));
});

it("trains a student of a super model, and says what the others cost on the same cases", async () => {
  const fedsm = version(1);
  fedsm.facts.strategy = { name: "fedsm", gamma: 0.9 } as typeof fedsm.facts.strategy;
  const student = {
    run_id: "r7",
    experiment_id: "e7",
    experiment_name: "Student of fundus:1",
    status: "completed",
    round: 18,
    num_rounds: 20,
    temperature: 2,
    reference_weight: 0.5,
    gamma: 0.9,
    scores: [
      {
        site_slug: null,
        super: 0.9,
        student: 0.88,
        difference: -0.02,
        difference_text: "−0.020",
        low: -0.03,
        high: -0.01,
        interval_text: "[−0.030, −0.010]",
        num_cases: 40,
      },
      {
        site_slug: "aster",
        super: 0.9,
        student: 0.91,
        difference: 0.01,
        difference_text: "+0.010",
        low: null,
        high: null,
        interval_text: null,
        num_cases: 12,
      },
    ],
  };
  const { bodies } = openApp("/models/v1", {
    ...MODEL_ANSWERS,
    "GET /model-versions/v1": fedsm,
    "GET /runs/r1/students": [student],
    "POST /runs/r1/students": { id: "e9" },
  });
  const card = await screen.findByTestId("students");
  expect(await within(card).findByText("95 %: [−0.030, −0.010]")).toBeInTheDocument();
  expect(card).toHaveTextContent("−0.020");
  expect(within(card).getByText("+0.010")).toBeInTheDocument();
  fireEvent.click(within(card).getByRole("button", { name: "Train a student" }));
  const dialog = await screen.findByRole("dialog");
  fireEvent.change(within(dialog).getByLabelText("Rounds"), { target: { value: "8" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Train" }));
  const sent = { rounds: 8, temperature: 2, reference_weight: 0.5, version: "fundus:1", name: null };
  await waitFor(() => expect(bodies("POST /runs/r1/students")).toMatchObject([sent]));
});

it("fine-tunes a version at one site, with what was set", async () => {
  const { bodies } = openApp("/models/v1", {
    ...MODEL_ANSWERS,
    "GET /federations/f1/datasets": [
      { id: "d1", site_slug: "aster", site_name: "Aster clinic", name: "left", num_used: 9, status: "ready" },
    ],
    "POST /model-versions/v1/fine-tunings": { id: "e9" },
  });
  const card = await screen.findByTestId("use-again");
  expect(within(card).queryByRole("button", { name: "Add a site" })).toBeNull();
  fireEvent.click(within(card).getByRole("button", { name: "Fine-tune at a site" }));
  const dialog = await screen.findByRole("dialog");
  fireEvent.click(await within(dialog).findByLabelText("Data sets", { selector: "input" }));
  fireEvent.click(await screen.findByRole("option", { name: "Aster clinic: left (9 cases)", hidden: true }));
  expect(within(dialog).getByLabelText("Learning rate")).toHaveValue("0.0001");
  fireEvent.change(within(dialog).getByLabelText("Epochs"), { target: { value: "" } });
  expect(within(dialog).getByRole("button", { name: "Fine-tune" })).toBeDisabled();
  fireEvent.change(within(dialog).getByLabelText("Epochs"), { target: { value: "5" } });
  fireEvent.change(within(dialog).getByLabelText("Name"), { target: { value: "eyes" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Fine-tune" }));
  await waitFor(() =>
    expect(bodies("POST /model-versions/v1/fine-tunings")).toEqual([
      { datasets: ["d1"], epochs: 5, learning_rate: 0.0001, pull_to_start: 0, name: "eyes" },
    ]),
  );
});
