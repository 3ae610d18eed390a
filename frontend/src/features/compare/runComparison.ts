/** Runs side by side: what a reader sees of a comparison. */

import type { ComparedScore, ExperimentRecord, Parameter, RunComparison, RunRecord } from "@/api";
import { SIGNIFICANCE_LEVEL } from "@/lib/comparison";
import { humanize } from "@/lib/format";
import { settingsOf } from "@/lib/runSettings";

export const FEWEST_RUNS = 2;
export const MAX_RUNS = 8;

export interface RunChoice {
  group: string;
  items: { value: string; label: string; disabled: boolean }[];
}

/** How many settings tell two runs of one name apart in a name. */
const MOST_SETTINGS = 2;

/** The names, those that several have with the settings (path to value) in which these differ. */
export function toldApart(names: readonly string[], settings: readonly Readonly<Record<string, string>>[]): string[] {
  return names.map((name, index) => {
    const same = settings.filter((_, other) => names[other] === name);
    if (same.length < 2) return name;
    const own = settings[index] ?? {};
    const words = Object.entries(own)
      .filter(([path, value]) => same.some((other) => other[path] !== value))
      .map(([path, value]) => `${parameterTitle(path).toLowerCase()} ${value}`);
    return [name, ...words.slice(0, MOST_SETTINGS)].join(", ");
  });
}

const nameOf = ({ strategy_label: label, seed }: RunRecord) => `${label}, seed ${seed}`;

/**
 * The runs that have scores first, then the newest experiment first; one without scores cannot be chosen. Chosen ones
 * stand outside of their groups: their names say what differs.
 */
export function runChoices(experiments: readonly ExperimentRecord[], chosen: readonly string[] = []): RunChoice[] {
  const names = experiments.map((experiment) => experiment.name);
  const rows = experiments.flatMap((experiment) => experiment.runs.map((run) => ({ run, experiment })));
  const taken = rows.filter(({ run }) => chosen.includes(run.id));
  const named = toldApart(
    taken.map(({ run }) => nameOf(run)),
    taken.map(({ run, experiment }) => settingsOf(experiment, run)),
  );
  const chips = new Map(
    taken.map(({ run, experiment }, index) => {
      const name = named[index] ?? "";
      return [run.id, named.filter((other) => other === name).length > 1 ? `${name}, ${experiment.name}` : name];
    }),
  );
  const isUsable = (run: RunRecord) => run.status === "completed";
  return [...experiments]
    .sort(
      (left, right) =>
        Number(right.runs.some(isUsable)) - Number(left.runs.some(isUsable)) ||
        right.created_at.localeCompare(left.created_at),
    )
    .map((experiment) => ({
      // Two groups of one name would be shown as one.
      group: [
        experiment.name,
        names.filter((name) => name === experiment.name).length > 1 && `(${experiment.id.slice(0, 6)})`,
        experiment.archived_at && "(archived)",
      ]
        .filter(Boolean)
        .join(" "),
      items: [...experiment.runs]
        .sort((left, right) => Number(isUsable(right)) - Number(isUsable(left)))
        .map((run) => ({
          value: run.id,
          label: chips.get(run.id) ?? `${nameOf(run)}${isUsable(run) ? "" : ` (${run.status})`}`,
          disabled: !isUsable(run),
        })),
    }));
}

/** Those that differ, or all. */
export function shownParameters(comparison: RunComparison, all: boolean): Parameter[] {
  return all ? comparison.parameters : comparison.parameters.filter((parameter) => parameter.differs);
}

export function isSignificant(score: ComparedScore): boolean {
  return score.p_holm !== null && score.p_holm < SIGNIFICANCE_LEVEL;
}

/** By method and seed, where these are the same the settings that differ, and where they differ the experiment. */
export function runTitles({ runs, parameters }: RunComparison): { name: string; experiment: string | null }[] {
  const several = new Set(runs.map((entry) => entry.run.experiment_id)).size > 1;
  const settings = runs.map((_, index) =>
    Object.fromEntries(parameters.map(({ path, values }) => [path, values[index] ?? "none"])),
  );
  const names = toldApart(
    runs.map(({ run }) => nameOf(run)),
    settings,
  );
  return runs.map(({ experiment_name }, index) => ({
    name: names[index] ?? "",
    experiment: several ? experiment_name : null,
  }));
}

/** `strategy.selector.name` as `Selector`: a name is of what it stands in. */
export function parameterTitle(path: string): string {
  const steps = path.split(".");
  const last = steps.at(-1) === "name" ? steps.at(-2) : steps.at(-1);
  return humanize(last === "strategy" ? "method" : (last ?? path));
}
