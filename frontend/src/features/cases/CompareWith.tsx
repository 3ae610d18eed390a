import { Select, Text } from "@mantine/core";
import type { FederationRecord, ScoreName } from "@/api";
import { Scatter } from "@/components/Scatter";
import { type Brush, type ComparedCase, tally } from "@/lib/differences";
import { upperFirst } from "@/lib/format";
import { type ModelGroup, withChosen } from "@/lib/otherRuns";

interface Props {
  /** Of the page's model. */
  first: string;
  /** Of the one that it is compared with; null while it is compared with none. */
  second: { value: string; label: string } | null;
  groups: readonly ModelGroup[];
  /** Null while there is nothing to compare. */
  cases: readonly ComparedCase[] | null;
  /** The cases of the other model's run could not be loaded. */
  failed: boolean;
  metric: ScoreName;
  federation: FederationRecord;
  selected: string | undefined;
  brush: Brush | undefined;
  onSecond: (value: string | undefined) => void;
  onBrush: (brush: Brush | undefined) => void;
  onSelect: (id: string) => void;
}

/** Another model on the same cases, of this run or of another: who wins where. */
export function CompareWith(props: Props) {
  const { first, second, groups, cases, metric } = props;
  const count = cases ? tally(cases, metric) : null;
  return (
    <>
      <Select
        size="xs"
        aria-label="Compare the cases with"
        placeholder="Compare with another model"
        clearable
        searchable
        value={second?.value ?? null}
        onChange={(value) => props.onSecond(value ?? undefined)}
        data={second ? withChosen(groups, second.value, second.label) : groups}
        comboboxProps={{ width: 300, position: "bottom-start" }}
      />
      {second && !cases && (
        <Text size="xs" c="dimmed" role="status">
          {props.failed
            ? `The cases of ${second.label} cannot be loaded now.`
            : `Loading the cases of ${second.label}…`}
        </Text>
      )}
      {second && cases && count && (
        <>
          <Text size="xs" data-testid="tally">
            {upperFirst(first)} is better at {count.better} and worse at {count.worse} of{" "}
            {count.better + count.worse + count.equal} cases than {second.label}.
          </Text>
          <Scatter {...props} cases={cases} second={second.label} />
        </>
      )}
    </>
  );
}
