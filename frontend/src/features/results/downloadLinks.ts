/** The files that an experiment's results can be had as, with the state of the page in their addresses. */

import type { ScoreQuery } from "@/api";
import type { Baseline } from "@/lib/comparison";
import { metricOf } from "@/lib/metrics";
import type { Sort } from "./results";

export interface Download {
  title: string;
  /** What the file holds. */
  contents: string;
  href: string;
}

/** `sort`: of the table's rows; null: the experiment's own order. */
export function downloadsOf(
  experimentId: string,
  query: ScoreQuery,
  baseline: Baseline | null,
  sort: Sort | null = null,
): Download[] {
  const { checkpoint, metric, structure } = query;
  const address = (file: string, parameters: Record<string, string | undefined>) => {
    const known = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `/api/v1/experiments/${experimentId}/${file}?${new URLSearchParams(known)}`;
  };
  const about = `${metricOf(metric).label}, ${structure ?? "mean over structures"}`;
  const round = checkpoint === "best" ? "each run's best round" : "each run's last round";
  const shown = {
    metric,
    checkpoint,
    structure,
    baseline: baseline?.label,
    model: baseline?.model,
    sort: sort?.column,
    order: sort?.first,
  };
  const against = baseline ? `, against ${baseline.label}` : "";
  return [
    {
      title: "This table as LaTeX",
      contents: `${about}${against}; booktabs, best in bold.`,
      href: address("results.tex", shown),
    },
    { title: "This table as CSV", contents: `${about}${against}; rows as shown.`, href: address("table.csv", shown) },
    { title: "This table as JSON", contents: `${about}${against}; rows as shown.`, href: address("table.json", shown) },
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
