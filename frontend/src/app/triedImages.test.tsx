import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { MODEL_ANSWERS, version } from "@/testing/models";
import { openApp, Refusal, type Sent } from "@/testing/openApp";

// jsdom has no WebGL: what stands around the picture is looked at.
vi.mock("@/components/viewer/Viewer", () => ({ default: () => null }));

const MODEL = { ...version(1).facts, imported: false };

/** A backend that keeps the images of one batch. b.png is damaged; c.png is under way until the batch is cancelled. */
function backend(expected: number | null, names: string[] = []) {
  const batch = { id: "b1", run_id: "r1", created_at: "", created_by: "mira", num_expected: expected };
  let cancelled: string | null = null;
  const status = (name: string) =>
    name === "b.png" ? "failed" : name !== "c.png" ? "completed" : cancelled ? "cancelled" : "queued";
  const record = () => {
    const count = (wanted: string) => names.filter((name) => status(name) === wanted).length;
    const [num_done, num_failed, num_cancelled] = [count("completed"), count("failed"), count("cancelled")];
    const fraction = (num_done + num_failed) / (expected ?? 1);
    return {
      ...batch,
      cancelled_at: cancelled,
      num_images: names.length,
      num_done,
      num_failed,
      num_cancelled,
      fraction,
    };
  };
  const answers = {
    ...MODEL_ANSWERS,
    "GET /runs/r1/model": MODEL,
    "GET /runs/r1/predictions": () =>
      names
        .map((name) => ({
          id: name,
          batch_id: "b1",
          file_name: name,
          status: status(name),
          error: status(name) === "failed" ? "damaged" : null,
          masks: [],
          warnings: [],
        }))
        .reverse(),
    "POST /runs/r1/prediction-batches": record,
    "GET /prediction-batches/b1": record,
    "POST /prediction-batches/b1/cancel": () => {
      cancelled = "2026-01-02T10:00:00Z";
      return record();
    },
    "DELETE /prediction-batches/b1": null,
    "POST /runs/r1/predictions": ({ search }: Sent) => {
      const name = new URLSearchParams(search).get("name") as string;
      names.push(name);
      return { id: name };
    },
  };
  return answers;
}

/** Of what was sent to be tried: each name with its batch. */
const posted = (sent: Sent[]) =>
  sent
    .filter(({ what }) => what === "POST /runs/r1/predictions")
    .map(({ search }) => {
      const query = new URLSearchParams(search);
      return [query.get("name"), query.get("batch")];
    });

async function choose(container: HTMLElement, ...names: string[]) {
  await screen.findByRole("button", { name: "Choose images" });
  const files = names.map((name) => new File(["x"], name));
  fireEvent.change(container.querySelector("input[type=file][multiple]") as HTMLElement, { target: { files } });
}

it("tries many images as one batch, says how many are done, cancels the rest and forgets them all", async () => {
  const { container, sent } = openApp("/runs/r1/model", backend(3));
  await choose(container, "a.png", "b.png", "c.png");
  expect(await screen.findByText("2 of 3 images are done, 1 of them without a mask.")).toBeVisible();
  const begun = sent.filter(({ what }) => what === "POST /runs/r1/prediction-batches");
  expect(begun.map(({ search }) => search)).toEqual(["?num_images=3"]);
  expect(posted(sent)).toEqual([
    ["a.png", "b1"],
    ["b.png", "b1"],
    ["c.png", "b1"],
  ]);
  expect(new URLSearchParams(window.location.search).get("batch")).toBe("b1");
  expect(await screen.findByRole("button", { name: "b.png, no mask" })).toBeVisible();
  expect(screen.getByRole("button", { name: "c.png, under way" })).toBeVisible();
  fireEvent.click(within(screen.getByTestId("batch")).getByRole("button", { name: "Cancel" }));
  expect(await screen.findByText("Cancelled: 2 of 3 images are done, 1 of them without a mask.")).toBeVisible();
  fireEvent.click(await screen.findByRole("button", { name: "c.png, cancelled" }));
  expect(await screen.findByText("It was cancelled before its masks were made.")).toBeVisible();
  fireEvent.click(screen.getByRole("button", { name: "Forget them all" }));
  fireEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Forget them all" }));
  await waitFor(() => expect(sent.map(({ what }) => what)).toContain("DELETE /prediction-batches/b1"));
  await waitFor(() => expect(window.location.search).toBe(""));
});

it("goes on with a batch whose page was left: only what is missing is sent", async () => {
  const { container, sent } = openApp("/runs/r1/model?batch=b1", backend(4, ["a.png", "d.png"]));
  expect(await screen.findByText("2 images have not arrived")).toBeVisible();
  expect(screen.getByText("2 of 4 images are done.")).toBeVisible();
  await choose(container, "a.png", "b.png", "d.png", "e.png");
  expect(await screen.findByText("4 of 4 images are done, 1 of them without a mask.")).toBeVisible();
  expect(posted(sent)).toEqual([
    ["b.png", "b1"],
    ["e.png", "b1"],
  ]);
  expect(screen.queryByText(/have not arrived/)).toBeNull();
});

it("waits as long as the server says where it takes no more images for now", async () => {
  const answers = backend(2);
  let refused = 0;
  const take = answers["POST /runs/r1/predictions"];
  const { container, sent } = openApp("/runs/r1/model", {
    ...answers,
    "POST /runs/r1/predictions": (one) => {
      refused += 1;
      const body = { error: "too_many_requests", detail: "There were too many predictions. Try again in 0 s." };
      return refused === 2 ? new Refusal(429, body, { "Retry-After": "0" }) : take(one);
    },
  });
  await choose(container, "a.png", "d.png");
  expect(await screen.findByText("2 of 2 images are done.")).toBeVisible();
  expect(posted(sent).map(([name]) => name)).toEqual(["a.png", "d.png", "d.png"]);
});

it("says that the images of an address are forgotten, and shows those that are there", async () => {
  openApp("/runs/r1/model?batch=gone", backend(null));
  expect(await screen.findByText("The images of this address are forgotten, or were never here.")).toBeVisible();
  fireEvent.click(screen.getByRole("button", { name: "All images" }));
  await waitFor(() => expect(window.location.search).toBe(""));
});
