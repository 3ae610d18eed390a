import type { Verdict } from "@/api";
import type { Baseline } from "@/lib/comparison";

/** The baseline that the verdict begins with; null where there is none. */
export function baselineOfVerdict(verdict: Verdict | undefined): Baseline | null {
  const first = verdict?.against.find((entry) => entry.role === "baseline")?.method;
  if (!first || first.model === "selector") return null;
  return { label: first.strategy_label, model: first.model };
}
