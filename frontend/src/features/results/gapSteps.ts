import type { Gap } from "@/api";
import type { Step } from "@/lib/gapStairs";

/** Levels and terms of one column in turn, up to the method as it ran. */
export function gapSteps(gap: Gap, column: number): Step[] {
  return gap.levels.flatMap((level, place): Step[] => {
    if (level.key === "last") return [];
    const { means = [], texts = [] } = gap.columns[column] ?? {};
    const none = { low: null, high: null, interval: "" };
    const step: Step = {
      key: level.key,
      kind: "level",
      label: level.short,
      value: means[place] ?? null,
      text: texts[place] ?? "",
      ...none,
    };
    const term = gap.terms.find((entry) => entry.end === level.key);
    const found = term?.values[column];
    if (!term || !found) return [step];
    const { loss, low, high, text, interval_text: interval } = found;
    return [
      { key: term.keys.join("+"), kind: "term", label: term.label, value: loss, low, high, text, interval },
      step,
    ];
  });
}
