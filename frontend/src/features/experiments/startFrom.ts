/** What training begins with, as one choice of a list: random weights, a registered version, or the models of a run. */

import type { ModelSet, RegisteredModelRecord } from "@/api";
import { formatDice } from "@/lib/format";

/** As an experiment's file has it. A created experiment has the run of its version, too. */
export interface StartFrom {
  run?: string | null;
  version?: string | null;
  models: string;
}

interface Choice {
  value: string;
  label: string;
}

export const RANDOM = "";
const VERSION = "version:";

export function choiceOf(start: StartFrom | null): string {
  if (start?.version) return VERSION + start.version;
  return start?.run ?? RANDOM;
}

/** The inverse; which of its models stays as it was. */
export function startOf(choice: string, before: StartFrom | null): StartFrom | null {
  if (choice === RANDOM) return null;
  const models = before?.models ?? "all";
  if (choice.startsWith(VERSION)) return { run: null, version: choice.slice(VERSION.length), models };
  return { run: choice, version: null, models };
}

/** Everything that can be chosen, and what is chosen, also where it is not known here. */
export function startChoices(
  registered: readonly RegisteredModelRecord[],
  sets: readonly ModelSet[],
  start: StartFrom | null,
): Choice[] {
  const known = [
    { value: RANDOM, label: "Random weights, drawn from the seed" },
    ...registered.flatMap(versionChoices),
    ...sets.map((set) => ({ value: set.run_id, label: setLabel(set) })),
  ];
  const chosen = choiceOf(start);
  if (known.some(({ value }) => value === chosen)) return known;
  // A copied or imported experiment may name what another federation has.
  return [...known, { value: chosen, label: start?.version ? `Registered: ${start.version}` : `Run ${chosen}` }];
}

/** Each alias, which is fixed to the version that it points to when the experiment is created; then each version. */
function versionChoices({ name, aliases, versions }: RegisteredModelRecord): Choice[] {
  return [
    ...Object.entries(aliases).map(([alias, number]) => ({
      value: `${VERSION}${name}@${alias}`,
      label: `Registered: ${name}@${alias}, now ${name}:${number}`,
    })),
    ...versions.map(({ reference, experiment_name, strategy_label, seed, round }) => ({
      value: VERSION + reference,
      label: `Registered: ${reference} (${experiment_name}: ${strategy_label}, seed ${seed}, round ${round})`,
    })),
  ];
}

function setLabel(set: ModelSet): string {
  const dice = set.scores.at(-1)?.dice;
  const score = set.scores[0]?.dice == null ? "" : ` (test Dice ${formatDice(dice ?? null)})`;
  const from = set.imported ? "Imported: " : "";
  return `${from}${set.experiment_name}: ${set.strategy_label}, seed ${set.seed}, round ${set.round}${score}`;
}
