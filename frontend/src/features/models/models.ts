/** A finished run's set of models in words. */

import type { ModelRegister, ModelSet, SegmentationTask } from "@/api";
import { formatDateTime } from "@/lib/format";
import { modelName, strategyName } from "@/lib/words";

export type ThresholdChoice = NonNullable<ModelRegister["threshold"]>;

/** A file's model; a personalized one is named by its site. */
export function partTitle(name: string): { title: string; site: string | null } {
  const [kind = "", site] = name.split("/");
  if (kind === "selector_encoder") return { title: "Model selector, its image encoder", site: null };
  if (kind === "selector_quality") return { title: "Model selector, the expected quality of each model", site: null };
  return { title: modelName(kind), site: site ?? null };
}

/** Validation chose the round only where somebody validated. */
export function roundWords(set: Pick<ModelSet, "round" | "num_rounds" | "chosen_by_validation">): string {
  const how = set.chosen_by_validation ? "by validation" : "the last, for no site has validation cases";
  return `${set.round} of ${set.num_rounds}, ${how}`;
}

/** Label and value, in the order in which a reader asks. */
export function originFacts(set: ModelSet): [string, string][] {
  const { strategy, config } = set;
  const facts: [string, string | undefined][] = [
    ["Method", `${set.strategy_label}, seed ${set.seed}`],
    ["Best round", roundWords(set)],
    ["Begins with", set.start ? `${set.start.title}, round ${set.start.round}` : undefined],
    ["Made from", set.made_from?.words],
    ["Network", config.network && strategyName(config.network.name ?? "")],
    ["Model selector", strategy.name === "fedsm" ? selectorWords(strategy) : undefined],
    ["Trained with", `FedSM Studio ${set.code_version ?? "of a version that was not kept"}`],
    ["Finished", formatDateTime(set.finished_at)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

/** Plain text of a card's step: without its marks of code and emphasis. */
export function withoutMarks(step: string): string {
  return step.replaceAll("`", "").replaceAll("**", "");
}

/** Whether a model of one task can be tested on data of the other. */
export function sameTask(first: SegmentationTask, second: SegmentationTask): boolean {
  const key = (task: SegmentationTask) =>
    JSON.stringify([task.structures.map(({ name }) => name), task.num_channels, task.dimensions]);
  return key(first) === key(second);
}

function selectorWords({ selector, gamma, routing }: Extract<ModelSet["strategy"], { name?: "fedsm" }>): string {
  const kind = strategyName(selector?.name ?? "");
  if (routing === "quality") return `${kind}, routing by expected quality`;
  return routing === "soft" ? `${kind}, soft routing` : `${kind}, threshold γ = ${gamma}`;
}
