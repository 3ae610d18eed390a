import { MantineProvider } from "@mantine/core";
import { fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { FederationRecord, RunRecord, TaskRecord } from "@/api";
import { SwimLane } from "./SwimLane";

const federation = {
  sites: [
    { slug: "a", name: "Aster clinic", position: 0 },
    { slug: "b", name: "Birch clinic", position: 1 },
  ],
} as FederationRecord;

function task(participant: string, status: TaskRecord["status"], more: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: participant,
    kind: "train_site",
    round: 1,
    participant,
    status,
    attempt: 1,
    fraction: 0.4,
    worker: "w1",
    error: null,
    failure_kind: null,
    created_at: "2026-01-01T00:00:00Z",
    sent_at: "2026-01-01T00:00:00Z",
    started_at: null,
    finished_at: null,
    seconds: null,
    transfer_seconds: null,
    bytes_up: null,
    bytes_down: null,
    num_dropped: 0,
    ...more,
  };
}

describe("SwimLane", () => {
  it("says each cell's state in words, and opens a task by mouse and by keyboard", () => {
    const open = vi.fn();
    const run = { num_rounds: 2, best_round: null } as RunRecord;
    const tasks = [task("a", "running"), task("b", "failed", { error: "mask-3.png cannot be read" })];
    render(
      <MantineProvider>
        <SwimLane run={run} tasks={tasks} federation={federation} onOpenTask={open} />
      </MantineProvider>,
    );
    expect(screen.getByLabelText("Aster clinic, round 1: at work, 40 %, by w1")).toBeInTheDocument();
    expect(
      screen.getByLabelText("Birch clinic, round 1: failed, by w1, mask-3.png cannot be read"),
    ).toBeInTheDocument();
    expect(screen.getByLabelText("Aster clinic, round 2: not begun")).toBeInTheDocument();
    screen.getByLabelText(/^Birch clinic, round 1/).click();
    expect(open).toHaveBeenLastCalledWith("b");
    fireEvent.keyDown(screen.getByRole("grid"), { key: "ArrowDown" });
    expect(screen.getByLabelText(/^Birch clinic, round 1/)).toHaveAttribute("tabindex", "0");
    expect(screen.getByLabelText(/^Aster clinic, round 1/)).toHaveAttribute("tabindex", "-1");
  });
});
