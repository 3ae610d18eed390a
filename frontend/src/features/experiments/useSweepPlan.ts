import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { ApiError, type FieldProblem, type SweepAxis, type SweepPlan } from "@/api";
import type { JsonSchema } from "@/lib/schema";
import { axesOf, firstConfig } from "./axes";
import type { Values } from "./formValues";
import { sweepPlanQuery } from "./queries";
import { atFields, planProblems, refusedFields } from "./sweep";

export interface Sweep {
  axes: SweepAxis[];
  /** Undefined without an axis, until the backend has answered, and where it refuses the grid. */
  plan: SweepPlan | undefined;
  problems: FieldProblem[];
  /** Why there is no plan, where no field is to blame: nobody answers, or too much was asked. */
  error: Error | null;
  /** Asks for the plan once more. */
  retry: () => void;
}

/** What the grid of the form's settings would make, asked anew when somebody stops typing. */
export function useSweepPlan(
  federationId: string,
  schema: JsonSchema,
  values: Values,
  known: readonly FieldProblem[],
  delay: number,
): Sweep {
  const [settled] = useDebouncedValue(values, delay);
  const body = useMemo(() => {
    const axes = axesOf(settled, schema);
    return { name: settled.name.trim() || "Untitled", config: firstConfig(settled, axes), axes };
  }, [settled, schema]);
  const query = useQuery(sweepPlanQuery(federationId, body));
  const { axes } = body;
  const none = { axes, plan: undefined, problems: [], error: null, retry: () => void query.refetch() };
  if (axes.length === 0) return none;
  if (query.error instanceof ApiError && query.error.fields.length > 0)
    return { ...none, problems: atFields(refusedFields(query.error.fields, known), axes, settled) };
  if (query.error) return { ...none, error: query.error };
  const plan = query.isPlaceholderData ? undefined : query.data;
  return { ...none, plan, problems: plan ? planProblems(plan, known, settled) : [] };
}
