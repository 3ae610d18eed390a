import { Stepper } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { FieldProblem } from "@/api";
import { plural } from "@/lib/format";
import { problemsOf, STEP_WORDS, STEPS, type Step } from "@/lib/steps";

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
        return (
          <Stepper.Step
            key={name}
            label={STEP_WORDS[name].label}
            description={count > 0 ? plural(count, "problem") : nameless ? "needs a name" : undefined}
            color={count > 0 ? "red" : nameless ? "gray" : undefined}
            completedIcon={count > 0 || nameless ? <IconAlertTriangle size={16} aria-hidden /> : undefined}
            aria-current={name === step ? "step" : undefined}
          />
        );
      })}
    </Stepper>
  );
}
