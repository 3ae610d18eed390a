/** The files that an experiment's results can be had as, with the state of the page in their addresses. */

import type { ScoreQuery } from "@/api";
import type { Baseline } from "./comparison";
import { metricOf } from "./metrics";

export interface Download {
  title: string;
  /** What the file holds. */
  contents: string;
  href: string;
}

export function downloadsOf(experimentId: string, query: ScoreQuery, baseline: Baseline | null): Download[] {
  const { checkpoint, metric, structure } = query;
  const address = (file: string, parameters: Record<string, string | undefined>) => {
    const known = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `/api/v1/experiments/${experimentId}/${file}?${new URLSearchParams(known)}`;
  };
  const about = `${metricOf(metric).label}, ${structure ?? "mean over structures"}`;
  const round = checkpoint === "best" ? "each run's best round" : "each run's last round";
  return [
    {
      title: "LaTeX table of this view",
      contents: baseline ? `${about}; marks what differs from ${baseline.label}.` : `${about}; booktabs, best in bold.`,
      href: address("results.tex", {
        metric,
        checkpoint,
        structure,
        baseline: baseline?.label,
        model: baseline?.model,
      }),
    },
    {
      title: "Results as CSV",
      contents: `Every metric, structure, site and method; ${round}.`,
      href: address("results.csv", { checkpoint }),
    },
    {
      title: "Results as JSON",
      contents: `The same, and what the selectors chose; ${round}.`,
      href: address("results.json", { checkpoint }),
    },
    {
      title: "Cases as CSV",
      contents: `Every score of every test case and model; ${round}.`,
      href: address("cases.csv", { checkpoint }),
    },
  ];
}
