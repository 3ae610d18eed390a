import { Checkbox, Stack, Text } from "@mantine/core";
import { chosenRepairs, REPAIRS, type Repair } from "./repairs";

interface Props {
  value: Repair[];
  onChange: (repairs: Repair[]) => void;
  /** Structures of the federation's task. */
  numStructures: number;
  error?: React.ReactNode;
}

/** None is chosen unless a person chooses it: each changes what a mask says. */
export function RepairChoices({ value, onChange, numStructures, error }: Props) {
  return (
    <Checkbox.Group
      label="Repairs of masks"
      description="Each changes masks that could not be used otherwise, at the check and before every run alike. Repaired cases are marked, and wait until somebody has looked at them."
      value={value}
      onChange={(next) => onChange(chosenRepairs(value, next))}
      error={error}
    >
      <Stack gap={8} mt="xs">
        {REPAIRS.map((repair) => {
          const cannot = repair.ofOneStructure && numStructures > 1;
          return (
            <Checkbox
              key={repair.value}
              value={repair.value}
              label={repair.label}
              disabled={cannot}
              description={
                cannot ? (
                  <Text span inherit>
                    {repair.description} Only where the task has one structure.
                  </Text>
                ) : (
                  repair.description
                )
              }
            />
          );
        })}
      </Stack>
    </Checkbox.Group>
  );
}
