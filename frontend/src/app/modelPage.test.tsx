import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { MODEL_ANSWERS, version } from "@/testing/models";
import { openApp, Refusal } from "@/testing/openApp";

// jsdom has no WebGL: what stands around the picture is looked at.
vi.mock("@/components/viewer/Viewer", () => ({ default: () => null }));

it("registers, tests and exports with the threshold that a link chooses, and back with the run's", async () => {
  const model = { ...version(1).facts, strategy: { name: "fedsm", gamma: 0.9 }, imported: false };
  const { bodies } = openApp("/runs/r1/model?threshold=validation", {
    ...MODEL_ANSWERS,
    "GET /runs/r1/model": ({ search }) =>
      search === "?threshold=validation"
        ? { ...model, strategy: { name: "fedsm", gamma: 0.6 }, download_url: "/chosen.zip" }
        : model,
    "GET /runs/r1/predictions": [],
    "GET /runs/r1/selector": { validation: { gamma: 0.6, num_cases: 12, sites: ["aster"] } },
    "POST /runs/r1/versions": new Refusal(409, { error: "conflict", detail: "it is there" }),
    "POST /runs/r1/exports": new Refusal(409, { error: "conflict", detail: "it is there" }),
  });
  const bar = await screen.findByTestId("threshold-bar");
  expect(within(bar).getByLabelText("γ = 0.6, best on validation")).toBeChecked();
  expect(screen.getByRole("link", { name: /^Download/ })).toHaveAttribute("href", "/chosen.zip");
  fireEvent.click(screen.getByRole("button", { name: "Export" }));
  fireEvent.click((await screen.findAllByRole("menuitem"))[0] as HTMLElement);
  await waitFor(() => expect(bodies("POST /runs/r1/exports")).toMatchObject([{ threshold: "validation" }]));
  fireEvent.click(within(bar).getByLabelText("γ = 0.9, the run's"));
  await waitFor(() => expect(window.location.search).toBe(""));
  fireEvent.click(screen.getByRole("button", { name: "Register" }));
  const form = await screen.findByRole("dialog");
  fireEvent.change(within(form).getByLabelText(/Name/), { target: { value: "fundus" } });
  fireEvent.click(within(form).getByRole("button", { name: "Register" }));
  await waitFor(() => expect(bodies("POST /runs/r1/versions")).toMatchObject([{ name: "fundus", threshold: "run" }]));
});

it("acts with the run's threshold where a link asks for one that validation did not choose", async () => {
  const model = { ...version(1).facts, strategy: { name: "fedsm", gamma: 0.9 }, imported: false };
  const { bodies } = openApp("/runs/r1/model?threshold=validation", {
    ...MODEL_ANSWERS,
    "GET /runs/r1/model": model,
    "GET /runs/r1/predictions": [],
    "GET /runs/r1/selector": { validation: null },
    "POST /runs/r1/exports": new Refusal(409, { error: "conflict", detail: "it is there" }),
  });
  fireEvent.click(await screen.findByRole("button", { name: "Export" }));
  fireEvent.click((await screen.findAllByRole("menuitem"))[0] as HTMLElement);
  await waitFor(() => expect(bodies("POST /runs/r1/exports")).toMatchObject([{ threshold: "run" }]));
  expect(screen.queryByTestId("threshold-bar")).toBeNull();
});

it("says of an export which model is written or which case is tried", async () => {
  const entry = { id: "x1", form: "onnx", label: "ONNX", status: "running", gamma: null, error: null, url: null };
  openApp("/runs/r1/model", {
    ...MODEL_ANSWERS,
    "GET /runs/r1/model": { ...version(1).facts, imported: false },
    "GET /runs/r1/predictions": [],
    "GET /runs/r1/exports": [
      { ...entry, fraction: 0.65, doing: "Tries it on raw image 4 of 8" },
      { ...entry, id: "x2", form: "monai", label: "MONAI bundle", status: "queued", fraction: 0, doing: null },
    ],
  });
  const made = await screen.findByTestId("export-onnx");
  expect(made).toHaveTextContent("Tries it on raw image 4 of 8");
  expect(within(made).getByRole("progressbar")).toHaveAttribute("aria-valuenow", "65");
  expect(screen.getByTestId("export-monai")).toHaveTextContent("Waits for a worker");
});

it("warns above the mask of an image that is unlike every site's, in the backend's words", async () => {
  const words = "This image is unlike every site's images: 4.2 times the usual distance. The mask may be wrong.";
  const entry = (id: string, unlike: string | null) => ({
    id,
    file_name: id,
    status: "completed",
    error: null,
    image_url: "/image",
    unit: "px",
    probabilities: null,
    chosen_model: "global",
    gamma: null,
    unlikeness: 4.2,
    unlike,
    seconds: 1,
    warnings: [],
    masks: [{ model: "global", mask_url: "/mask", sizes: [], file_urls: {}, segmentation_urls: {} }],
  });
  openApp("/runs/r1/model?prediction=far.png", {
    ...MODEL_ANSWERS,
    "GET /runs/r1/model": { ...version(1).facts, imported: false },
    "GET /runs/r1/predictions": [entry("far.png", words), entry("usual.png", null)],
  });
  expect(await screen.findByTestId("unlike")).toHaveTextContent(words);
  fireEvent.click(screen.getByRole("button", { name: "usual.png" }));
  await waitFor(() => expect(screen.queryByTestId("unlike")).toBeNull());
});
