import { Stepper, Text } from "@mantine/core";
import { IconAlertTriangle, IconPencil } from "@tabler/icons-react";
import type { FieldProblem } from "@/api";
import { plural } from "@/lib/format";
import { problemsOf, STEP_WORDS, STEPS, type Step } from "./steps";

interface Props {
  step: Step;
  problems: readonly FieldProblem[];
  named: boolean;
  onGo: (step: Step) => void;
}

/** Every step can be opened at any time; one with a problem says so. */
export function StepBar({ step, problems, named, onGo }: Props) {
  return (
    <Stepper
      active={STEPS.indexOf(step)}
      onStepClick={(index) => onGo(STEPS[index] ?? "task")}
      size="sm"
      aria-label="Steps of the set-up"
    >
      {STEPS.map((name) => {
        const count = problemsOf(name, problems).length;
        const nameless = name === "task" && !named;
        const warns = count > 0 ? <IconAlertTriangle size={16} aria-hidden /> : undefined;
        return (
          <Stepper.Step
            key={name}
            label={STEP_WORDS[name].label}
            description={
              count > 0 ? (
                <Text span fz="inherit" c="red">
                  {plural(count, "problem")}
                </Text>
              ) : (
                nameless && "needs a name"
              )
            }
            icon={warns}
            progressIcon={warns}
            color={count > 0 ? "red" : nameless ? "gray" : undefined}
            completedIcon={warns ?? (nameless ? <IconPencil size={16} aria-hidden /> : undefined)}
            aria-current={name === step ? "step" : undefined}
          />
        );
      })}
    </Stepper>
  );
}
