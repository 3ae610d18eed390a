import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type ExperimentRecord,
  type ExperimentResults,
  type FederationRecord,
  type SessionRecord,
  sessionQuery,
} from "@/api";
import { client } from "@/api/generated/client.gen";
import { signedInAs } from "@/testing/records";
import { answerIsDue } from "@/testing/shuffle";
import { ResultsView } from "./ResultsView";
import { resultsSearch } from "./search";
import { answers, experiment, federation } from "./testAnswers";

// jsdom has no canvas: the charts' words are looked at, not their pixels.
vi.mock("@/components/Chart", () => ({
  Chart: ({ label, summary }: { label: string; summary?: string }) => (
    <div role="img" aria-label={summary ? `${label}: ${summary}` : label} />
  ),
}));

afterEach(() => vi.unstubAllGlobals());

/** The results at an address, before a backend that gives these answers. */
function open(
  search: string,
  changes: { experiment?: Partial<ExperimentRecord>; results?: object; session?: SessionRecord } = {},
) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const url = new URL(request.url);
    asked.push(url.pathname + url.search);
    await answerIsDue(asked.length, url.pathname + url.search);
    const found = answers(url, changes.results ?? {});
    return new Response(JSON.stringify(found ?? { error: "not_found", detail: "nothing here" }), {
      status: found ? 200 : 404,
      headers: { "Content-Type": "application/json" },
    });
  });
  client.setConfig({ baseUrl: "http://backend.test", fetch: (request) => fetch(request) });
  const shown = { ...experiment, ...changes.experiment } as ExperimentRecord;
  const root = createRootRoute();
  const page = createRoute({
    getParentRoute: () => root,
    path: "/experiments/$experimentId",
    validateSearch: resultsSearch,
    component: () => <ResultsView experiment={shown} federation={federation as FederationRecord} />,
  });
  const cases = createRoute({ getParentRoute: () => root, path: "/runs/$runId/cases" });
  const model = createRoute({ getParentRoute: () => root, path: "/runs/$runId/model" });
  const router = createRouter({
    routeTree: root.addChildren([page, cases, model]),
    history: createMemoryHistory({ initialEntries: [`/experiments/e1${search}`] }),
  });
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  queryClient.setQueryData(sessionQuery.queryKey, changes.session);
  render(
    <QueryClientProvider client={queryClient}>
      <MantineProvider>
        <RouterProvider router={router as never} />
      </MantineProvider>
    </QueryClientProvider>,
  );
  return { asked, router };
}

function cells(table: HTMLElement, name: RegExp): string[] {
  const row = within(table).getByRole("row", { name });
  return within(row)
    .getAllByRole("cell")
    .map((cell) => cell.textContent ?? "");
}

describe("the results of an experiment", () => {
  it("says what comes and where to look while no run has finished", async () => {
    open("", { experiment: { runs: [{ id: "r1", status: "running" }] as never }, results: { cells: [] } });
    expect(await screen.findByText("No result yet")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Watch the first run" })).toHaveAttribute("href", "/experiments/e1?run=r1");
  });

  it("shows the address's metric, sorted as it says, with the worst site of each method", async () => {
    const { asked } = open("?metric=hd95&sort=site/a&alone=true");
    const table = await screen.findByTestId("results-table");
    expect(screen.getByRole("heading", { name: "HD95 in px ↓ on the test cases" })).toBeInTheDocument();
    expect(asked).toContain("/api/v1/experiments/e1/results?metric=hd95&checkpoint=best");
    const names = within(table)
      .getAllByRole("rowheader")
      .map((head) => head.textContent);
    expect(names).toEqual(["FedSMSuper model", "FedAvgGlobal model"]);
    expect(cells(table, /FedSM/)).toEqual([
      "4.00 ± 0.50",
      "5.00 ± 0.50Birch clinic",
      "3.00 ± 0.50",
      "5.00 ± 0.50",
      "9.00 ± 0.501 miss",
      "1,200",
    ]);
    expect(within(table).getByRole("columnheader", { name: /Aster clinic/ })).toHaveAttribute("aria-sort", "ascending");
    expect(within(table).getByRole("columnheader", { name: /Cedar clinic/ })).toHaveTextContent("held out");
  });

  it("says what the student of a super model costs in a column of its own, where there is one", async () => {
    const shown = answers(new URL("http://backend.test/api/v1/experiments/e1/results"), {}) as ExperimentResults;
    const student = { difference_text: "−0.012", interval_text: "[−0.020, −0.004]" };
    const tables = shown.tables.map(({ structure, rows }) => ({
      structure,
      rows: rows.map((row) => (row.model === "super" ? { ...row, student } : row)),
    }));
    open("?alone=true", { results: { tables } });
    const table = await screen.findByTestId("results-table");
    expect(within(table).getByRole("columnheader", { name: "Student, Dice" })).toBeInTheDocument();
    expect(cells(table, /FedSM/).at(-1)).toBe("−0.012[−0.020, −0.004]");
    expect(cells(table, /FedAvg/).at(-1)).toBe("–");
    expect(screen.getByTestId("results-notes")).toHaveTextContent('"Student" is the mean Dice of one network');
  });

  it("tells each cell's n and misses to readers who cannot see the tooltip", async () => {
    open("?metric=hd95");
    const table = await screen.findByTestId("results-table");
    const row = within(table).getByRole("row", { name: /FedSM/ });
    const unseen = within(row).getAllByRole("cell").at(-2);
    expect(unseen).toHaveAttribute(
      "aria-description",
      expect.stringContaining("Cedar clinic, held out\n4 cases, 2 seeds"),
    );
    expect(unseen).toHaveAttribute(
      "aria-description",
      expect.stringContaining("1 miss: one of the two masks is empty"),
    );
  });

  it("opens with what the tests say, and with the verdict's baseline pinned", async () => {
    open("");
    const words = await screen.findByTestId("verdict");
    expect(words).toHaveTextContent("The super model of FedSM beats FedAvg at Aster clinic (Holm).");
    expect(words).toHaveTextContent("is 0.032 from Centralized");
    const table = await screen.findByTestId("results-table");
    await waitFor(() => expect(cells(table, /FedSM/)[2]).toContain("+0.050†"));
    expect(within(table).getByText("Global model · baseline")).toBeInTheDocument();
  });

  it("compares with the pinned method, and names test and n", async () => {
    const { asked, router } = open("?alone=true");
    expect(screen.queryByText(/· baseline/)).not.toBeInTheDocument();
    fireEvent.click(await screen.findByRole("button", { name: "Compare with FedAvg, global model" }));
    await waitFor(() =>
      expect(cells(screen.getByTestId("results-table"), /FedSM/)[2]).toContain("+0.050†[+0.010, +0.090]"),
    );
    expect(router.state.location.search).toMatchObject({ baseline: "FedAvg", baselineModel: "global" });
    expect(asked).toContain(
      "/api/v1/experiments/e1/comparison?metric=dice&checkpoint=best&baseline=FedAvg&model=global",
    );
    const notes = screen.getByTestId("results-notes");
    expect(notes).toHaveTextContent("a signed-rank test. Pairs of cases: n = 5 to 12 a site, n = 17 over all.");
    expect(notes).toHaveTextContent("at Birch clinic no difference could be significant");
    fireEvent.click(screen.getByRole("button", { name: /FedAvg, global model is the baseline/ }));
    await waitFor(() => expect(router.state.location.search).toEqual({ alone: true }));
  });

  it("sorts by a column's head, and gives the downloads the page's state", async () => {
    const { router } = open("?metric=nsd&checkpoint=last&alone=true");
    fireEvent.click(await screen.findByRole("button", { name: "Birch clinic: sort" }));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ sort: "site/b" }));
    fireEvent.click(await screen.findByRole("button", { name: "Birch clinic, best first: sort" }));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ sort: "site/b", order: "worst" }));
    fireEvent.click(screen.getByRole("button", { name: "Download" }));
    const links = await screen.findAllByRole("menuitem");
    expect(links.map((link) => link.getAttribute("href"))).toEqual([
      // The one that copies.
      null,
      "/api/v1/experiments/e1/results.tex?metric=nsd&checkpoint=last&sort=site%2Fb&order=worst",
      "/api/v1/experiments/e1/table.csv?metric=nsd&checkpoint=last&sort=site%2Fb&order=worst",
      "/api/v1/experiments/e1/table.json?metric=nsd&checkpoint=last&sort=site%2Fb&order=worst",
      "/api/v1/experiments/e1/results.csv?checkpoint=last",
      "/api/v1/experiments/e1/results.json?checkpoint=last",
      "/api/v1/experiments/e1/cases.csv?checkpoint=last",
    ]);
  });

  it("lays the runs' curves over each other, and lets them be chosen", async () => {
    const { router } = open("");
    const curves = await screen.findByTestId("run-curves");
    await waitFor(() => expect(within(curves).getAllByRole("listitem")).toHaveLength(2));
    expect(
      within(curves)
        .getAllByRole("listitem")
        .map((entry) => entry.textContent),
    ).toEqual(["FedSMSuper model, 0.900 in round 2", "FedAvgGlobal model, 0.600 in round 1"]);
    fireEvent.click(within(curves).getByText("Training loss"));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ measure: "loss" }));
    await waitFor(() => expect(curves).toHaveTextContent("The runs ended before a round gave numbers."));
  });

  it("draws the curves against the steps that were counted, as the address says", async () => {
    const { router } = open("?against=steps");
    const curves = await screen.findByTestId("run-curves");
    const chart = await within(curves).findByRole("img", { name: /against gradient steps of the model/ });
    expect(chart).toBeInTheDocument();
    expect(await within(curves).findByText("Super model, 0.900 in round 2")).toBeInTheDocument();
    fireEvent.click(within(curves).getByRole("radio", { name: "Rounds" }));
    await waitFor(() => expect(router.state.location.search).not.toHaveProperty("against"));
  });

  it("says what training took", async () => {
    open("");
    const table = await screen.findByRole("table", { name: "What training took" });
    expect(cells(table, /FedSM/)).toEqual([
      "FedSM",
      "Super model",
      "2",
      "1,2001,000 to 1,400 by site",
      "600",
      "2,400",
      "60 s",
      "1.0 kB",
    ]);
    expect(cells(table, /FedAvg/)[3]).toContain("–");
  });

  it("takes the gap apart, says what is missing, and draws the site of the address", async () => {
    const { asked, router } = open("?gapSite=a");
    const card = await screen.findByTestId("gap");
    expect(within(card).getByRole("img")).toHaveAccessibleName(
      "Gap of Aster clinic: Centralized 0.900, Optimization and drift +0.100 lost, As it ran 0.800",
    );
    const table = within(card).getByRole("table", { name: "The gap, taken apart" });
    expect(cells(table, /^Gap/)).toEqual(["+0.100[+0.100]", "+0.100[+0.100]"]);
    expect(within(card).getByTestId("gap-missing")).toHaveTextContent(
      "Drift is not known alone: nobody ran it. To get it: add a method.",
    );
    expect(within(card).getByRole("link", { name: "as LaTeX" })).toHaveAttribute(
      "href",
      "/api/v1/experiments/e1/gap.tex?method=FedSM&metric=dice",
    );
    fireEvent.click(within(card).getByRole("combobox", { name: "Method that is taken apart" }));
    const list = screen.getByRole("listbox", { name: "Method that is taken apart", hidden: true });
    fireEvent.click(within(list).getByRole("option", { name: "FedAvg", hidden: true }));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ gapMethod: "FedAvg" }));
    await waitFor(() => expect(asked).toContain("/api/v1/experiments/e1/gap?metric=dice&method=FedAvg"));
  });

  it("leads from the matrix to the cases of that site and model", async () => {
    open("?structure=disc");
    const matrix = await screen.findByTestId("matrix");
    const links = within(within(matrix).getByRole("row", { name: /^Birch clinic/ })).getAllByRole("link");
    expect(links.map((link) => link.getAttribute("href"))).toEqual([
      "/runs/r1/cases?structure=disc&model=personalized%2Fb",
      "/runs/r1/cases?site=a&structure=disc&model=personalized%2Fb",
      "/runs/r1/cases?site=b&structure=disc&model=personalized",
    ]);
    expect(links[2]).toHaveAttribute("data-own", "true");
    expect(within(matrix).getByRole("row", { name: /Oracle routing/ })).toBeInTheDocument();
  });

  it("moves between cells with the arrow keys", async () => {
    open("");
    const table = await screen.findByTestId("results-table");
    const rows = within(table).getAllByRole("row").slice(1);
    const at = (row: number, column: number) => within(rows[row] as HTMLElement).getAllByRole("cell")[column];
    at(0, 0)?.focus();
    fireEvent.keyDown(at(0, 0) as HTMLElement, { key: "ArrowRight" });
    expect(document.activeElement).toBe(at(0, 1));
    fireEvent.keyDown(at(0, 1) as HTMLElement, { key: "ArrowDown" });
    expect(document.activeElement).toBe(at(1, 1));
    expect(await screen.findByRole("tooltip")).toHaveTextContent("Worst of the sites that train");
    expect([at(0, 0)?.tabIndex, at(1, 1)?.tabIndex]).toEqual([-1, 0]);
  });

  it("shows the selector's confusion and calibration, and the super model at the address's threshold", async () => {
    open("?gamma=0.5");
    const selector = await screen.findByTestId("selector");
    await within(selector).findByTestId("confusion");
    expect(selector).toHaveTextContent("75.0 %right site named");
    expect(selector).toHaveTextContent("0.120expected calibration error");
    expect(cells(within(selector).getByTestId("confusion"), /^Birch/)).toEqual(["1", "1"]);
    const readout = await within(selector).findByTestId("gamma-readout");
    expect(readout).toHaveTextContent("γ = 0.5the run: γ = 0.9");
    expect(readout).toHaveTextContent("0.860Dice ↑, −0.020 against the run's 0.880");
    expect(readout).toHaveTextContent("25 %to the global model: 1 of 4 cases by the global model (the run: 50 %)");
    expect(
      within(selector).getByRole("img", { name: /50 % right at 60 %, 2 cases; 100 % right at 95 %, 2 cases/ }),
    ).toBeInTheDocument();
    expect(within(selector).getByRole("slider")).toHaveAttribute(
      "aria-valuetext",
      "0.5: Dice 0.860, 25 % to the global model",
    );
    fireEvent.keyDown(within(selector).getByRole("slider", { name: "Threshold gamma" }), { key: "ArrowRight" });
    await waitFor(() => expect(readout).toHaveTextContent("γ = 0.9as the run had it"));
    expect(within(selector).getByTestId("changed-cases")).toHaveTextContent("served by the same model as in the run");
  });

  it("says which threshold validation chooses and of whose cases, shows it, and leads to where it is used", async () => {
    const { router } = open("", { session: signedInAs("administrator") });
    const best = await screen.findByTestId("validated-threshold");
    expect(best).toHaveTextContent("On validation cases the best is γ = 0.5: Dice 0.870, and 0.850 at the run's 0.9");
    expect(best).toHaveTextContent("6 validation cases of Aster clinic; nothing from Birch clinic, round 3");
    expect(await within(best).findByRole("link", { name: "Use this" })).toHaveAttribute(
      "href",
      "/runs/r1/model?threshold=validation",
    );
    fireEvent.click(within(best).getByRole("button", { name: "Look at it below" }));
    await waitFor(() => expect(router.state.location.search).toEqual({ gamma: 0.5 }));
  });

  it("lists the cases that another model serves at the threshold", async () => {
    open("?gamma=0.5");
    const changed = await screen.findByTestId("changed-cases");
    expect(changed).toHaveTextContent("1 case served by another model than in the run");
    expect(cells(changed, /^two/).slice(1)).toEqual([
      "Aster clinic",
      "model of Aster clinic",
      "0.880",
      "0.800",
      "−0.080",
    ]);
    expect(within(changed).getByRole("link", { name: "two" })).toHaveAttribute(
      "href",
      "/runs/r1/cases?case=%222%22&metric=dice",
    );
  });

  it("sets the selectors of several runs side by side", async () => {
    const chosen = { seed: 0, share_global: 0.25, num_cases: 8, confusion: [] };
    const selectors = [
      { ...chosen, run_id: "r1", strategy_label: "FedSM", accuracy: 0.75 },
      { ...chosen, run_id: "r3", strategy_label: "FedSM (cnn)", accuracy: 0.5 },
    ];
    const third = { ...experiment.runs[0], id: "r3", strategy_label: "FedSM (cnn)" };
    const { router } = open("", {
      experiment: { runs: [...experiment.runs, third] as never },
      results: { selectors },
    });
    const overview = await screen.findByTestId("selector-overview");
    expect(cells(overview, /^FedSM 75/)).toEqual(["FedSM", "75.0 %", "25.0 %", "8"]);
    fireEvent.click(within(overview).getByRole("button", { name: "FedSM (cnn)" }));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ detail: "r3" }));
  });

  it("has no accuracy for a site that did not train", async () => {
    open("?site=c");
    const selector = await screen.findByTestId("selector");
    await within(selector).findByTestId("confusion");
    expect(selector).toHaveTextContent("Cedar clinic did not train, so no site is the right answer");
    expect(selector).not.toHaveTextContent("right site named");
  });

  it("says so when a method has no selector, and offers one that has", async () => {
    const { router } = open("?detail=r2");
    fireEvent.click(await screen.findByRole("button", { name: "Look at FedSM" }));
    await waitFor(() => expect(router.state.location.search).toMatchObject({ detail: "r1" }));
    expect(await screen.findByTestId("selector")).toBeInTheDocument();
  });
});
