import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import { openApp, Refusal } from "@/testing/openApp";
import { federation, signedInAs, site } from "@/testing/records";

it("leads who may create one to the first federation, and tells a reader whom to ask", async () => {
  const { unmount } = openApp("/", { "GET /federations": [] });
  expect(await screen.findByText(/Create one, add its sites/)).toBeInTheDocument();
  expect(screen.getAllByRole("link", { name: /New federation/ })[0]).toHaveAttribute("href", "/federations/new");
  unmount();
  openApp("/", { "GET /federations": [], "GET /session": signedInAs("reader") });
  expect(await screen.findByText(/ask its coordinator for an invitation/)).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: /New federation/ })).toBeNull();
});

it("hides archived federations until they are asked for", async () => {
  openApp("/", {
    "GET /federations": [
      federation({}),
      federation({ id: "f2", name: "Prostate", archived_at: "2026-01-03T00:00:00Z" }),
    ],
  });
  expect(await screen.findByText("Eyes")).toBeInTheDocument();
  expect(screen.queryByText("Prostate")).toBeNull();
  fireEvent.click(screen.getByLabelText("Archived (1)"));
  expect(await screen.findByText("Prostate")).toBeInTheDocument();
  expect(window.location.search).toContain("archived=true");
});

it("goes to every federation, and fetches the experiments of the first twenty", async () => {
  const federations = Array.from({ length: 22 }, (_, at) => federation({ id: `f${at}`, name: `Eyes ${at}` }));
  const { sent } = openApp("/", { "GET /federations": federations });
  fireEvent.click(await screen.findByRole("button", { name: "Go to" }));
  fireEvent.change(await screen.findByLabelText("Go to", { selector: "input" }), { target: { value: "eyes 21" } });
  fireEvent.click(await screen.findByRole("button", { name: /^Eyes 21/ }));
  await waitFor(() => expect(window.location.pathname).toBe("/federations/f21"));
  const asked = sent.filter(({ what }) => /\/f\d+\/experiments/.test(what)).map(({ what }) => what);
  expect(asked.some((what) => what.includes("/f19/"))).toBe(true);
  expect(asked.some((what) => what.includes("/f20/"))).toBe(false);
});

it("sends a new federation as typed, and puts each refusal at its field", async () => {
  const { bodies } = openApp("/federations/new", {
    "POST /federations": new Refusal(422, {
      error: "invalid",
      detail: "two fields",
      fields: [
        { field: "name", value: "Eyes", message: "is taken", remedy: "choose another name" },
        { field: "task.structures.1.label_values.0", value: "0", message: "0 is background", remedy: "use 1 or more" },
      ],
    }),
  });
  fireEvent.change(await screen.findByLabelText(/^Name/), { target: { value: "Eyes" } });
  fireEvent.change(await screen.findByLabelText(/^Name/), { target: { value: "Eyes" } });
  fireEvent.click(screen.getByRole("button", { name: "Add structure" }));
  const structures = screen.getAllByLabelText(/^Structure/);
  const values = screen.getAllByLabelText(/^Mask values/);
  expect(structures).toHaveLength(2);
  fireEvent.change(structures[0] as HTMLElement, { target: { value: "disc" } });
  fireEvent.change(values[0] as HTMLElement, { target: { value: "1, 2" } });
  fireEvent.change(structures[1] as HTMLElement, { target: { value: "cup" } });
  fireEvent.change(values[1] as HTMLElement, { target: { value: "0" } });
  fireEvent.click(screen.getByRole("button", { name: "Create federation" }));
  expect(await screen.findByText(/is taken/i)).toBeInTheDocument();
  const second = screen.getAllByLabelText(/^Mask values/)[1] as HTMLElement;
  await waitFor(() => expect(second).toHaveAccessibleDescription(/0 is background/));
  expect(bodies("POST /federations")).toEqual([
    {
      name: "Eyes",
      description: "",
      task: {
        modality: "fundus photography",
        dimensions: 2,
        num_channels: 3,
        structures: [
          { name: "disc", label_values: [1, 2] },
          { name: "cup", label_values: [0] },
        ],
      },
    },
  ]);
});

it("lists what left a site, when and to whom, with a link to what it belonged to", async () => {
  openApp("/sites/s1/departures", {
    "GET /federations/f1": federation({ sites: [site({})] }),
    "GET /sites/s1/departures": {
      next_after: null,
      federation_id: "f1",
      site_id: "s1",
      site_name: "Aster clinic",
      entries: [
        {
          id: "d1",
          of: "Quick look",
          what: "model updates",
          to: "the coordinator",
          first_at: "2026-01-02T10:00:00Z",
          last_at: "2026-01-02T11:00:00Z",
          num_times: 3,
          num_bytes: 2_000_000,
          dataset_id: null,
          experiment_id: "e1",
          run_id: "r1",
        },
      ],
    },
  });
  expect(await screen.findByRole("heading", { name: /What left Aster clinic/ })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Quick look" })).toHaveAttribute("href", "/experiments/e1?run=r1");
  expect(screen.getByText("3 times")).toBeInTheDocument();
});

it("shows what left a site earlier page by page", async () => {
  const line = (id: string) => ({
    id: `${id}-train_site`,
    of: `Run ${id}`,
    what: "model updates",
    to: "the coordinator",
    first_at: "2026-01-02T10:00:00Z",
    last_at: "2026-01-02T11:00:00Z",
    num_times: 3,
    num_bytes: null,
    dataset_id: null,
    experiment_id: "e1",
    run_id: id,
  });
  const named = { federation_id: "f1", site_id: "s1", site_name: "Aster clinic" };
  openApp("/sites/s1/departures", {
    "GET /federations/f1": federation({ sites: [site({})] }),
    "GET /sites/s1/departures": ({ search }) =>
      search.includes("after=r2")
        ? { ...named, entries: [line("r1")], next_after: null }
        : { ...named, entries: [line("r2")], next_after: "r2" },
  });
  fireEvent.click(await screen.findByRole("button", { name: "Show earlier" }));
  expect(await screen.findByRole("link", { name: "Run r1" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Run r2" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Show earlier" })).not.toBeInTheDocument();
});

it("says that what was deleted is gone, and leads back", async () => {
  openApp("/federations/gone", {});
  expect(await screen.findByText("This does not exist (any more)")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "All federations" })).toHaveAttribute("href", "/");
});
