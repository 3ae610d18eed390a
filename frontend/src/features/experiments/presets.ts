/** Settings of a method that are set together: whether they are set, and what setting them changes. */

import type { PresetRecord } from "@/api";
import { fieldName } from "@/lib/fieldNames";
import { settingText } from "@/lib/schema";
import { axisPath } from "./axes";
import type { StrategyValues, SweptSetting, Values } from "./formValues";

/** Of one method: what the preset replaced, so that it can be put back. */
export interface Replaced {
  settings: Record<string, unknown>;
  /** Of settings that had several values, by the name of their axis. */
  swept: Record<string, SweptSetting>;
  /** `Routing: quality (was hard)`. */
  words: string[];
}

export function isSet(preset: PresetRecord, values: Values, index: number): boolean {
  const replaced = replacedBy(preset, values, index);
  return replaced.words.length === 0;
}

/** What the preset would change; nothing where it is set. */
export function replacedBy(preset: PresetRecord, values: Values, index: number): Replaced {
  const method = values.strategies[index] ?? { name: "" };
  const found: Replaced = { settings: {}, swept: {}, words: [] };
  for (const { field, value } of preset.settings) {
    const axis = axisPath(`strategies.${index}.${field}`, values);
    const swept = values.sweep?.[axis];
    const now = method[field] === "" ? null : (method[field] ?? null); // an empty input is no value
    if (swept === undefined && now === value) continue;
    found.settings[field] = method[field];
    if (swept) found.swept[axis] = swept;
    const was = swept ? swept.text : settingText(now);
    found.words.push(`${fieldName(field)}: ${settingText(value)} (was ${was})`);
  }
  return found;
}

/** The form with the preset's settings at one method; of those, none has several values any more. */
export function withPreset(preset: PresetRecord, values: Values, index: number): Partial<Values> {
  const { swept } = replacedBy(preset, values, index);
  const set = Object.fromEntries(preset.settings.map(({ field, value }) => [field, value]));
  const kept = Object.entries(values.sweep ?? {}).filter(([axis]) => !(axis in swept));
  return {
    strategies: changedAt(values.strategies, index, set),
    sweep: values.sweep === null ? null : Object.fromEntries(kept),
  };
}

/** The form with what was replaced; what was changed since elsewhere stays. */
export function withoutPreset(replaced: Replaced, values: Values, index: number): Partial<Values> {
  return {
    strategies: changedAt(values.strategies, index, replaced.settings),
    sweep: values.sweep === null ? null : { ...values.sweep, ...replaced.swept },
  };
}

function changedAt(strategies: readonly StrategyValues[], index: number, set: Record<string, unknown>) {
  return strategies.map((method, place) => (place === index ? { ...method, ...set } : method));
}
