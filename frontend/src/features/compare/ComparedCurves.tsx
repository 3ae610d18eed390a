import { Text } from "@mantine/core";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { type RunComparison, runMetricsQuery } from "@/api";
import { RowsSkeleton } from "@/components/Feedback";
import { type Line, Lines } from "@/components/RunLines";
import { runCurve } from "@/lib/runCurves";
import { runTitles } from "./runComparison";

/** Validation Dice of the runs, laid over each other. */
export function ComparedCurves({ comparison, structure }: { comparison: RunComparison; structure: string | null }) {
  const client = useQueryClient();
  const titles = runTitles(comparison);
  const metrics = useQueries({ queries: comparison.runs.map(({ run }) => runMetricsQuery(run.id, client)) });
  const lines = comparison.runs.flatMap((_, position): Line[] => {
    const curve = runCurve(metrics[position]?.data ?? [], "dice", structure);
    const title = titles[position];
    const name = title?.experiment ? `${title.name} (${title.experiment})` : (title?.name ?? "");
    return curve ? [{ ...curve, name, position }] : [];
  });
  if (metrics.some((entry) => entry.isPending)) return <RowsSkeleton rows={1} height={280} />;
  return (
    <>
      <Text size="sm" c="dimmed">
        Validation Dice ↑, {structure ?? "mean over structures"}, of the model that the method is for.
      </Text>
      <Lines lines={lines} measure="dice" numRounds={Math.max(...comparison.runs.map(({ run }) => run.num_rounds))} />
    </>
  );
}
