import { Alert, Anchor, List } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { type FieldProblem, formPath, problemText } from "@/api";
import { plural } from "@/lib/format";
import { STEP_WORDS, type Step, stepOf } from "@/lib/steps";

/** What stands in the way. onGo: leads to the step that a problem belongs to. */
export function Problems({ problems, onGo }: { problems: readonly FieldProblem[]; onGo?: (step: Step) => void }) {
  if (problems.length === 0) return null;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={plural(problems.length, "problem")}>
      <List size="sm" spacing={4}>
        {problems.map((problem) => (
          <List.Item key={`${problem.field} ${problem.message}`}>
            <b>{formPath(problem.field)}</b>: {problemText(problem)}{" "}
            {onGo && stepOf(problem.field) !== "review" && (
              <Anchor component="button" type="button" size="sm" onClick={() => onGo(stepOf(problem.field))}>
                {STEP_WORDS[stepOf(problem.field)].label}
              </Anchor>
            )}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
