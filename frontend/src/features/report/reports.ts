/** A report's numbers and names, as its page shows them. */

import type { Report, ReportCell, ReportMatrix, ReportTable } from "@/api";
import { formatScore, metricOf } from "@/lib/metrics";

/** Readers of a report have no account: its page asks the backend for nothing else. */
export function isReportPath(pathname: string): boolean {
  return pathname.startsWith("/reports/");
}

/** Of the JPEG of one case, below the platform's address. */
export function pictureAddress(token: string, rank: string): string {
  return `/api/v1/shared-reports/${encodeURIComponent(token)}/pictures/${rank}`;
}

export const SIGNIFICANT = 0.05;
const MODELS: Record<string, string> = {
  global: "Global model",
  personalized: "Personalized model",
  super: "Super model",
  own: "Own site's model",
};

export function reportModel(model: string, siteName: (slug: string) => string): string {
  const [kind = "", slug] = model.split("/");
  return slug === undefined ? (MODELS[kind] ?? kind) : `Model of ${siteName(slug)}`;
}

/** Of one seed there is none. */
export function hasDeviations(report: Report): boolean {
  return report.tables.some(({ rows }) => rows.some(({ cells }) => cells.some(({ std }) => typeof std === "number")));
}

/** The pooled column comes first, then the sites in their order. */
export function readingOrder(columns: readonly (string | null)[]): number[] {
  const pooled = columns.indexOf(null);
  const sites = columns.map((_, index) => index).filter((index) => index !== pooled);
  return pooled < 0 ? sites : [pooled, ...sites];
}

export function tableTitle(table: ReportTable): string {
  const unit = table.unit ? ` in ${table.unit}` : "";
  return `${metricOf(table.metric).label}${unit} ${table.higher_is_better ? "↑" : "↓"}, ${table.structure ?? "mean over structures"}`;
}

/** `0.912 ± 0.010`; a dash for no value. Reports of before hold numbers only. */
export function cellText(cell: ReportCell, table: ReportTable): { mean: string; std: string | null; mark: string } {
  return {
    mean: cell.text ?? formatScore(cell.mean, table.metric),
    std: cell.deviation ?? (typeof cell.std === "number" ? formatScore(cell.std, table.metric) : null),
    mark: typeof cell.p === "number" && cell.p < SIGNIFICANT ? "†" : "",
  };
}

export function siteNames(report: Report): (slug: string | null) => string {
  const names = new Map(report.sites.map((site) => [site.slug, site.name]));
  return (slug) => (slug === null ? "All sites" : (names.get(slug) ?? slug));
}

/** Least and greatest value of a matrix; null when it is empty. */
export function matrixRange(matrix: ReportMatrix): [number, number] | null {
  const values = matrix.means.flat().filter((value): value is number => value !== null);
  return values.length === 0 ? null : [Math.min(...values), Math.max(...values)];
}

/** Which programs made the models and the report. */
export function programsText(report: Report): string {
  const all = report.methods.flatMap(({ runs }) => runs.map((run) => run.code_version));
  const versions = [...new Set(all)].filter((version) => version !== null && version !== undefined).sort();
  const frozen = `by FedSM Studio ${report.version}`;
  return versions.length > 0
    ? `Trained with FedSM Studio ${versions.join(", ")}; frozen ${frozen}`
    : `Frozen ${frozen}`;
}
