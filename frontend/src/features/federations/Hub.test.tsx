import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { SiteRecord } from "@/api";
import { Hub } from "./Hub";

const site = (name: string, position: number, change: Partial<SiteRecord> = {}) =>
  ({
    id: name,
    slug: name.toLowerCase(),
    name,
    position,
    state: "online",
    tasks: [],
    archived_at: null,
    num_cases: { train: 6, val: 2, test: 2 },
    ...change,
  }) as SiteRecord;

const CHECK: SiteRecord["tasks"][number] = {
  kind: "describe_dataset",
  started_at: null,
  fraction: 0.5,
  round: null,
  num_rounds: null,
  run_label: null,
  run_id: null,
  experiment_id: null,
  dataset_id: "d",
};

it("says of each node in words what its colour, line and size say, and opens it", () => {
  const open = vi.fn();
  const sites = [
    site("Aster", 0),
    site("Birch", 1, { state: "busy", tasks: [CHECK] }),
    site("Cedar", 2, { state: "offline" }),
  ];
  render(
    <MantineProvider>
      <Hub sites={sites} onOpen={open} />
    </MantineProvider>,
  );
  expect(
    screen.getByRole("region", { name: "The coordinator and its 3 sites; the table says the same" }),
  ).toBeVisible();
  const names = screen.getAllByRole("button").map((node) => node.title);
  expect(names).toEqual([
    "Aster\nOnline, 10 cases",
    "Birch\nBusy, 10 cases. Checking a data set, 50 %",
    "Cedar\nOffline, 10 cases",
  ]);
  fireEvent.click(screen.getByRole("button", { name: /^Birch/ }));
  expect(open).toHaveBeenCalledWith("birch");
});

it("shows thirty sites, each with a line", () => {
  const sites = Array.from({ length: 30 }, (_, index) => site(`Site ${index}`, index));
  const { container } = render(
    <MantineProvider>
      <Hub sites={sites} onOpen={() => {}} />
    </MantineProvider>,
  );
  expect(screen.getAllByRole("button")).toHaveLength(30);
  expect(container.querySelectorAll("line")).toHaveLength(30);
});
