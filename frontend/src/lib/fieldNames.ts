/** Fields of a configuration in words. */

import { formPath } from "@/api";
import { humanize } from "./format";
import { strategyName } from "./words";

/** Words that `humanize` cannot know. */
const NAMES: Record<string, string> = {
  federation: "Sites",
  nsd_tolerance: "NSD tolerance",
  spatial_dims: "Dimensions",
  data: "Images",
  "": "Settings",
  config: "Settings",
  strategies: "Methods",
};

export function fieldName(name: string): string {
  return NAMES[name] ?? humanize(name);
}

/** `strategies.1.selector.shrinkage` as `FedSM (2) \u203a Selector \u203a Shrinkage`, numbered where a method is there twice. */
export function describePath(field: string, strategies: readonly { name: string }[]): string {
  const steps = formPath(field).split(".");
  const index = Number(steps[1]);
  const strategy = steps[0] === "strategies" ? strategies[index] : undefined;
  if (!strategy)
    return steps
      .filter((step, at) => at === 0 || step !== "name")
      .map(fieldName)
      .join(" \u203a ");
  const same = strategies.filter(({ name }) => name === strategy.name);
  const place = same.length > 1 ? ` (${same.indexOf(strategy) + 1})` : "";
  const rest = steps.slice(2).filter((step) => step !== "name");
  return [`${strategyName(strategy.name)}${place}`, ...rest.map(fieldName)].join(" \u203a ");
}
