import { SegmentedControl } from "@mantine/core";
import type { RunCases } from "@/api";
import type { CasesSearch } from "./search";

/** What the cases of a list are called. */
export function splitWords(split: RunCases["split"]): "test case" | "validation case" {
  return split === "val" ? "validation case" : "test case";
}

/** Whose cases are listed; offered where a run has validation cases that can be. */
export function SplitChoice({ all, update }: { all: RunCases; update: (change: CasesSearch) => void }) {
  if (all.num_validation === 0) return null;
  return (
    <SegmentedControl
      size="xs"
      fullWidth
      aria-label="Split"
      value={all.split}
      // The other cases have other names, scores and files: what narrows or compares the list does not fit them.
      onChange={(next) =>
        update({
          split: next === "val" ? "val" : undefined,
          case: undefined,
          slice: undefined,
          round: undefined,
          brush: undefined,
          panes: undefined,
        })
      }
      data={[
        { value: "test", label: "Test" },
        { value: "val", label: "Validation" },
      ]}
    />
  );
}
