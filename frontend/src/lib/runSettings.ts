/** The settings of a run as paths and values, as the comparison of runs names them. */

import type { ExperimentRecord, RunRecord } from "@/api";

/** `schedule.rounds: 20`, `lambda: 0.7`: of the experiment without its lists of methods and seeds, then of the method. */
export function settingsOf({ config }: ExperimentRecord, run: RunRecord): Record<string, string> {
  const { strategies: _strategies, seeds: _seeds, ...shared } = config;
  const { name: _name, ...own } = run.strategy as { name: string };
  return { ...flat(shared), ...flat(own) };
}

function flat(value: unknown, path = ""): Record<string, string> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { [path]: written(value) };
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flat(inner, path ? `${path}.${key}` : key)));
}

function written(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}
