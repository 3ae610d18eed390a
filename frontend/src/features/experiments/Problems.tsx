import { Alert, Anchor, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { type ConfigWarning, type FieldProblem, formPath, problemText } from "@/api";
import { describePath, fieldName } from "@/lib/fieldNames";
import { plural } from "@/lib/format";
import { strategyName } from "@/lib/words";
import { STEP_WORDS, type Step, stepOf } from "./steps";

export type AddedMethod = NonNullable<ConfigWarning["adds"]>;

interface Props {
  problems: readonly (FieldProblem & { adds?: AddedMethod | null })[];
  /** What is wrong, or what only might be regretted. */
  kind?: "problem" | "warning";
  strategies: readonly { name: string }[];
  /** Leads to the step that a problem belongs to. */
  onGo?: (step: Step) => void;
  /** Adds the method that a warning names as its answer. */
  onAdd?: (method: AddedMethod) => void;
  /** Maximum number that is listed; the others are counted. */
  most?: number;
}

const MAX_VALUE_LETTERS = 400;

/** The field in words, and its value where that is one to read and not a whole object or "(absent)". */
function subjectOf({ field, value }: FieldProblem, strategies: Props["strategies"]): string {
  const name = describePath(field, strategies);
  if (!value || value.length > MAX_VALUE_LETTERS || /^[[({]/.test(value)) return name;
  return formPath(field) === "federation" ? value : `${name} = ${value}`; // a problem of the sites is said of them
}

/** `Centralized, steps equal`. */
export function addedName({ name, ...settings }: AddedMethod): string {
  const set = Object.entries(settings).map(([field, value]) => `${fieldName(field).toLowerCase()} ${value}`);
  return [strategyName(String(name)), ...set].join(", ");
}

/** What stands in the way, or is worth a thought: field, value and remedy. */
export function Problems({ problems, kind = "problem", strategies, onGo, onAdd, most = problems.length }: Props) {
  if (problems.length === 0) return null;
  const rest = problems.length - most;
  return (
    <Alert
      color={kind === "problem" ? "red" : "yellow"}
      role={kind === "problem" ? "alert" : "note"}
      icon={<IconAlertTriangle aria-hidden />}
      title={plural(problems.length, kind)}
    >
      <List size="sm" spacing={4} style={{ overflowWrap: "anywhere" }} styles={{ itemWrapper: { display: "inline" } }}>
        {problems.slice(0, most).map((problem) => (
          <List.Item key={`${problem.field} ${problem.message}`}>
            <b>{subjectOf(problem, strategies)}</b>: {problemText(problem)}{" "}
            {onAdd && problem.adds && (
              <>
                <Anchor component="button" type="button" size="sm" onClick={() => problem.adds && onAdd(problem.adds)}>
                  Add {addedName(problem.adds)}
                </Anchor>{" "}
              </>
            )}
            {onGo && stepOf(problem.field) !== "review" && (
              <Anchor component="button" type="button" size="sm" onClick={() => onGo(stepOf(problem.field))}>
                {STEP_WORDS[stepOf(problem.field)].label}
              </Anchor>
            )}
          </List.Item>
        ))}
      </List>
      {rest > 0 && (
        <Text size="sm" mt={4}>
          {rest} more: see the review.
        </Text>
      )}
    </Alert>
  );
}
