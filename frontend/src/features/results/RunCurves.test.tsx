import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { ExperimentRecord, RunCurves as Lines } from "@/api";
import { client } from "@/api/generated/client.gen";
import { answerIsDue } from "@/testing/shuffle";
import { RunCurves } from "./RunCurves";

// jsdom has no canvas: the charts' words are looked at, not their pixels.
vi.mock("@/components/Chart", () => ({
  Chart: ({ label }: { label: string }) => <div role="img" aria-label={label} />,
}));

afterEach(() => vi.unstubAllGlobals());

const run = (id: string, label: string, seed: number) => ({
  id,
  strategy_label: label,
  seed,
  status: "running",
  num_rounds: 9,
  strategy: { name: label.toLowerCase() },
});

/** Validation Dice of the first rounds. */
function lines(model: "super" | "global", values: number[]): Lines {
  const rounds = values.map((_, index) => index + 1);
  const place = { site_slug: "aster", split: "val", name: "dice", model } as const;
  return { last_id: rounds.length, series: [{ ...place, rounds, values, num_cases: values.map(() => 4) }] };
}

const ANSWERS: Record<string, object> = {
  "/api/v1/runs/r1/curves": lines("super", [0.5, 0.7]),
  "/api/v1/runs/r2/curves": lines("super", [0.6, 0.8]),
  "/api/v1/runs/r3/curves": lines("global", [0.4, 0.5]),
  "/api/v1/runs/r4/curves": lines("global", [0.4]),
};

it("draws a method's running seeds as a mean with a band, of the rounds that all of them have", async () => {
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    await answerIsDue(1, pathname);
    const found = ANSWERS[pathname];
    return new Response(JSON.stringify(found ?? {}), {
      status: found ? 200 : 404,
      headers: { "Content-Type": "application/json" },
    });
  });
  client.setConfig({ baseUrl: "http://backend.test", fetch: (request) => fetch(request) });
  const runs = [run("r1", "FedSM", 0), run("r2", "FedSM", 1), run("r3", "FedAvg", 0), run("r4", "FedAvg", 1)];
  const update = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <MantineProvider>
        <RunCurves
          experiment={{ runs } as ExperimentRecord}
          search={{} as never}
          update={update}
          query={{}}
          standard="methods"
        />
      </MantineProvider>
    </QueryClientProvider>,
  );
  expect(await screen.findByText("Super model, mean of 2 seeds, 0.750 in round 2")).toBeInTheDocument();
  expect(await screen.findByText("Global model, mean of 2 seeds, 0.400 in round 1")).toBeInTheDocument();
  expect(screen.getByRole("img", { name: /one line a method/ })).toBeInTheDocument();
  fireEvent.click(screen.getByRole("radio", { name: "Run" }));
  expect(update).toHaveBeenCalledWith({ lines: "runs" });
});
