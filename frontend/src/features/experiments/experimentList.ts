/** Which experiments a list shows, and in which order. */

import type { ExperimentRecord, RunRecord } from "@/api";
import { formatDice, formatSeconds, plural } from "@/lib/format";
import { isOver } from "@/lib/status";
import type { ExperimentOrder, ExperimentState } from "./search";

export interface ListWish {
  text?: string;
  state?: ExperimentState;
  order?: ExperimentOrder;
  archived?: boolean;
}

const STATES: Record<ExperimentState, (experiment: ExperimentRecord) => boolean> = {
  running: (experiment) => experiment.started_at !== null && !experiment.runs.every(isOver),
  over: (experiment) => experiment.runs.every(isOver),
  "not-started": (experiment) => experiment.started_at === null,
  failed: (experiment) => experiment.runs.some((run) => run.status === "failed"),
};

/** More methods that print alike are counted. */
const MAX_TIED = 3;

/** The best validation Dice of its runs that have not failed and that every site validated, with all methods whose Dice prints
 * alike; null before the first. */
export function bestDice(experiment: ExperimentRecord): { dice: number; label: string } | null {
  const compared = experiment.runs.flatMap((run) =>
    run.status !== "failed" && run.best_dice !== null && !lostASite(run)
      ? { dice: run.best_dice, label: run.strategy_label }
      : [],
  );
  if (compared.length === 0) return null;
  const dice = Math.max(...compared.map((run) => run.dice));
  const tied = compared.filter((run) => formatDice(run.dice) === formatDice(dice));
  const labels = [...new Set(tied.map(({ label }) => label))];
  return { dice, label: labels.length > MAX_TIED ? `${labels.length} methods` : labels.join(", ") };
}

/** `not compared: 1 run that not every site validated`; null where every run's Dice is of all its sites. */
export function notComparedWords({ runs }: ExperimentRecord): string | null {
  const number = runs.filter((run) => run.status !== "failed" && run.best_dice !== null && lostASite(run)).length;
  if (number === 0) return null;
  return `not compared: ${plural(number, "run")} that not every site validated`;
}

/** A mean without a hard site is no better model. */
function lostASite({ compared }: RunRecord): boolean {
  return (compared?.left_out_participants?.length ?? 0) > 0;
}

/** Finished rounds over all rounds of all runs, 0 to 1. */
export function progressOf(experiment: ExperimentRecord): number {
  const rounds = experiment.runs.reduce((sum, run) => sum + run.num_rounds, 0);
  const done = experiment.runs.reduce(
    (sum, run) => sum + (run.status === "completed" ? run.num_rounds : run.num_finished_rounds),
    0,
  );
  return rounds === 0 ? 0 : done / rounds;
}

/** `round 3 of 20, 2 min left`; where there are several runs, `2 of 6 runs over, 2 min left`, by the one that takes longest. */
export function progressWords({ runs }: ExperimentRecord): string {
  const going = runs.filter((run) => !isOver(run));
  const left = going.flatMap(({ eta_seconds: seconds }) => seconds ?? []);
  // Runs that wait for their turn have no estimate: the whole is not known before all have one.
  const rest = left.length > 0 && left.length === going.length ? `, ${formatSeconds(Math.max(...left))} left` : "";
  const [only] = runs;
  if (runs.length === 1 && only) return `round ${only.round} of ${only.num_rounds}${rest}`;
  return `${runs.length - going.length} of ${runs.length} runs over${rest}`;
}

/** Words are looked for in name, description and methods. */
export function listExperiments(all: readonly ExperimentRecord[], wish: ListWish): ExperimentRecord[] {
  const words = (wish.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const shown = all.filter((experiment) => {
    if ((experiment.archived_at !== null) !== (wish.archived ?? false)) return false;
    if (wish.state && !STATES[wish.state](experiment)) return false;
    const text = [experiment.name, experiment.description, ...experiment.runs.map((run) => run.strategy_label)]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return shown.sort(ORDERS[wish.order ?? "newest"]);
}

const ORDERS: Record<ExperimentOrder, (left: ExperimentRecord, right: ExperimentRecord) => number> = {
  newest: (left, right) => right.created_at.localeCompare(left.created_at),
  oldest: (left, right) => left.created_at.localeCompare(right.created_at),
  name: (left, right) => left.name.localeCompare(right.name),
  best: (left, right) => (bestDice(right)?.dice ?? -1) - (bestDice(left)?.dice ?? -1),
};
