/** A finished run's set of models in words. */

import type { ModelSet } from "@/api";
import { formatDateTime } from "./format";
import { modelName, strategyName } from "./words";

/** A file's model; a personalized one is named by its site. */
export function partTitle(name: string): { title: string; site: string | null } {
  const [kind = "", site] = name.split("/");
  if (kind === "selector_encoder") return { title: "Model selector, its image encoder", site: null };
  return { title: modelName(kind), site: site ?? null };
}

/** Label and value, in the order in which a reader asks. */
export function originFacts(set: ModelSet): [string, string][] {
  const { strategy, config } = set;
  const facts: [string, string | undefined][] = [
    ["Method", `${set.strategy_label}, seed ${set.seed}`],
    ["Best round", `${set.round} of ${config.schedule?.rounds}, by validation`],
    ["Network", config.network && strategyName(config.network.name ?? "")],
    ["Model selector", strategy.name === "fedsm" ? selectorWords(strategy) : undefined],
    ["Trained with", `FedSM Studio ${set.code_version ?? "of a version that was not kept"}`],
    ["Finished", formatDateTime(set.finished_at)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}

function selectorWords({ selector, gamma, routing }: Extract<ModelSet["strategy"], { name?: "fedsm" }>): string {
  const kind = strategyName(selector?.name ?? "");
  return routing === "soft" ? `${kind}, soft routing` : `${kind}, threshold γ = ${gamma}`;
}
