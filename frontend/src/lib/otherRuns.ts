/**
 * Models of the experiment's other runs next to those of the run on screen. In the address such a model is written
 * `model@run`; here its masks and scores stand among the case's own under that name, so that a view, a score or a
 * picture needs to know nothing of runs.
 */

import type { RunCases, RunRecord, ScoredCase } from "@/api";
import { methods } from "@/api/tables.json";
import { modelName } from "./words";

const MARK = "@";

export function modelOfRun(model: string, runId: string): string {
  return `${model}${MARK}${runId}`;
}

/** run: null for a model of the run on screen. */
export function splitModel(text: string): { model: string; run: string | null } {
  const at = text.lastIndexOf(MARK);
  return at < 0 ? { model: text, run: null } : { model: text.slice(0, at), run: text.slice(at + 1) };
}

/** Ids of the other runs that these models are of, each once. */
export function runsNamed(models: readonly (string | null | undefined)[]): string[] {
  const ids = models.flatMap((model) => (model ? (splitModel(model).run ?? []) : []));
  return [...new Set(ids)];
}

/** The cases with the masks and scores that the same cases have in other runs. */
export function withOthers(cases: readonly ScoredCase[], others: readonly RunCases[]): ScoredCase[] {
  if (others.length === 0) return [...cases];
  const known = others.map(({ run_id: run, cases: same }) => ({
    run,
    byId: new Map(same.map((scored) => [scored.case_id, scored])),
  }));
  return cases.map((scored) => {
    const found = known.flatMap(({ run, byId }) => {
      const same = byId.get(scored.case_id);
      return same ? [{ run, same }] : [];
    });
    if (found.length === 0) return scored;
    const scores = found.flatMap(({ run, same }) => renamed(same.scores, run));
    const predictions = found.flatMap(({ run, same }) => renamed(same.predictions, run));
    return {
      ...scored,
      scores: { ...scored.scores, ...Object.fromEntries(scores) },
      predictions: { ...scored.predictions, ...Object.fromEntries(predictions) },
    };
  });
}

function renamed<T>(values: Record<string, T>, run: string): [string, T][] {
  return Object.entries(values).map(([model, value]) => [modelOfRun(model, run), value]);
}

export interface ModelGroup {
  group: string;
  items: { value: string; label: string }[];
}

/** What a method is for comes first, as in every table. */
function modelsOf(run: Pick<RunRecord, "strategy">): string[] {
  const card = methods.find(({ name }) => name === run.strategy.name);
  return [...(card?.models ?? [])].reverse();
}

/** `FedSM`, or `FedSM, seed 1` where the experiment has several. */
export function runName(run: RunRecord, all: readonly RunRecord[]): string {
  const severalSeeds = all.some((other) => other.seed !== all[0]?.seed);
  return severalSeeds ? `${run.strategy_label}, seed ${run.seed}` : run.strategy_label;
}

/** Models of the experiment's other runs that were tested, by run. */
export function otherModels(current: RunRecord, all: readonly RunRecord[]): ModelGroup[] {
  return all
    .filter((run) => run.id !== current.id && run.status === "completed")
    .map((run) => ({
      group: runName(run, all),
      items: modelsOf(run).map((model) => ({
        value: modelOfRun(model, run.id),
        label: `${runName(run, all)}: ${modelName(model).toLowerCase()}`,
      })),
    }));
}

/** The groups, and with them a model of a run that none of them has: it is gone, or not loaded yet. */
export function withChosen(groups: readonly ModelGroup[], value: string, label: string): readonly ModelGroup[] {
  if (splitModel(value).run === null || groups.some(({ items }) => items.some((item) => item.value === value)))
    return groups;
  return [...groups, { group: "Another run", items: [{ value, label }] }];
}

/** `FedAvg: global model`, `Super model`; of a run that is gone, or not loaded yet, `Global model of another run`. */
export function choiceName(choice: string, all: readonly RunRecord[], siteName?: (slug: string) => string): string {
  const { model, run } = splitModel(choice);
  const other = all.find((entry) => entry.id === run);
  const name = modelName(model, siteName);
  if (run === null) return name;
  return other ? `${runName(other, all)}: ${name.charAt(0).toLowerCase()}${name.slice(1)}` : `${name} of another run`;
}
