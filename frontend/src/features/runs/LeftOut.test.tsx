import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { FederationRecord, TaskRecord } from "@/api";
import { LeftOut } from "./LeftOut";

const federation = {
  sites: [
    { slug: "a", name: "Aster clinic" },
    { slug: "b", name: "Birch clinic" },
  ],
};
const failed = { status: "failed", kind: "train_site", round: 2 };

it("tells a hospital's refusal from a failure, and opens each task", () => {
  const open = vi.fn();
  const tasks = [
    { ...failed, id: "1", participant: "a", failure_kind: "site_refused" },
    { ...failed, id: "2", participant: "b", failure_kind: "out_of_memory" },
    { ...failed, id: "3", participant: "b", failure_kind: null, status: "completed" },
  ];
  render(
    <MantineProvider>
      <LeftOut
        tasks={tasks as unknown as TaskRecord[]}
        federation={federation as unknown as FederationRecord}
        onOpenTask={open}
      />
    </MantineProvider>,
  );
  expect(screen.getByText(/^Aster.* refused; rounds go on/)).toBeInTheDocument();
  expect(screen.getByText(/^1 task failed; rounds go on/)).toBeInTheDocument();
  screen.getByText(/^Aster.*, round 2$/).click();
  expect(open).toHaveBeenCalledWith("1");
});
