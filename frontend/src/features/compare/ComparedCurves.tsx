import { Text } from "@mantine/core";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import type { RunComparison } from "@/api";
import { RowsSkeleton } from "@/components/Feedback";
import { type Line, Lines } from "@/components/RunLines";
import { runCurve } from "@/lib/runCurves";
import { runLinesQuery } from "@/lib/runLinesQuery";
import { runTitles } from "./runComparison";

/** Validation Dice of the runs, laid over each other. */
export function ComparedCurves({ comparison, structure }: { comparison: RunComparison; structure: string | null }) {
  const client = useQueryClient();
  const titles = runTitles(comparison);
  const measured = useQueries({
    queries: comparison.runs.map(({ run }) => runLinesQuery(run.id, "dice", structure, client)),
  });
  const lines = comparison.runs.flatMap((_, position): Line[] => {
    const curve = runCurve(measured[position]?.data);
    const title = titles[position];
    const name = title?.experiment ? `${title.name} (${title.experiment})` : (title?.name ?? "");
    return curve ? [{ ...curve, name, position }] : [];
  });
  if (measured.some((entry) => entry.isPending)) return <RowsSkeleton rows={1} height={280} />;
  return (
    <>
      <Text size="sm" c="dimmed">
        Validation Dice ↑, {structure ?? "mean over structures"}, of the model that the method is for.
      </Text>
      <Lines lines={lines} measure="dice" numRounds={Math.max(...comparison.runs.map(({ run }) => run.num_rounds))} />
    </>
  );
}
