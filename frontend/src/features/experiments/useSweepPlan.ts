import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { ApiError, type FieldProblem, type SweepAxis, type SweepPlan } from "@/api";
import { configOf, type Values } from "./formValues";
import { sweepPlanQuery } from "./queries";
import { atFields, axesOf, planProblems } from "./sweep";

export interface Sweep {
  axes: SweepAxis[];
  /** Undefined without an axis, until the backend has answered, and where it refuses the grid. */
  plan: SweepPlan | undefined;
  problems: FieldProblem[];
}

/** What the grid of the form's settings would make, asked anew when somebody stops typing. */
export function useSweepPlan(
  federationId: string,
  values: Values,
  known: readonly FieldProblem[],
  delay: number,
): Sweep {
  const [settled] = useDebouncedValue(values, delay);
  const axes = axesOf(settled);
  const name = settled.name.trim() || "Untitled";
  const query = useQuery(sweepPlanQuery(federationId, { name, config: configOf(settled), axes }));
  if (axes.length === 0) return { axes, plan: undefined, problems: [] };
  if (query.error instanceof ApiError) {
    // What the settings themselves have wrong is known from the check without a grid.
    const own = query.error.fields.filter(({ field }) => field.startsWith("axes"));
    return { axes, plan: undefined, problems: atFields(own, axes, settled) };
  }
  const plan = query.isPlaceholderData ? undefined : query.data;
  return { axes, plan, problems: plan ? planProblems(plan, known, settled) : [] };
}
