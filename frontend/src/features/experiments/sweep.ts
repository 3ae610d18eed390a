/** Settings with several values: what somebody types, the grid that is sent, and where its problems are shown. */

import { type FieldProblem, formPath, type SweepAxis, type SweepPlan } from "@/api";
import { choiceValue, type Difference, type Field, parseNumbers, settingText, valueAt } from "@/lib/schema";
import { fieldPath } from "./axes";
import { configOf, type Values } from "./formValues";

/** Maximum number of values that a range is written out to: more than the backend takes, which says so. */
const MAX_RANGE = 100;
const RANGE = /^(\S+)\s+to\s+(\S+?)(?:\s+by\s+(\S+))?$/;

/**
 * `0.5, 0.7` as these, `0.1 to 0.9 by 0.2` as five numbers, `1 to 3` as three. What is no number stays text, which the
 * backend refuses by name.
 */
export function sweepValues(text: string, field: Field): unknown[] {
  const parts = text
    .split(/[,;\n]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (field.kind === "boolean") return parts.map((part) => part === "true");
  if (field.kind === "choice") return parts.map((part) => choiceValue(field, part));
  return parts.flatMap((part) => rangeOf(part) ?? (part.includes(" to ") ? [part] : parseNumbers(part)));
}

function rangeOf(part: string): number[] | null {
  const found = RANGE.exec(part);
  if (!found) return null;
  const [from, to, by] = [found[1], found[2], found[3] ?? "1"].map(Number) as [number, number, number];
  const steps = Math.floor((to - from) / by + 1e-9);
  if (!Number.isFinite(steps) || steps < 0 || by === 0) return null;
  // 0.1 + 2 * 0.1 is 0.30000000000000004, which nobody means.
  return Array.from({ length: Math.min(steps + 1, MAX_RANGE) }, (_, step) =>
    Number((from + step * by).toPrecision(12)),
  );
}

/** A refused grid's problems at the fields of the form. */
export function atFields(problems: readonly FieldProblem[], axes: readonly SweepAxis[], values: Values) {
  return problems.map((problem) => {
    const index = /^axes\.(\d+)\b/.exec(problem.field)?.[1];
    const axis = index === undefined ? undefined : axes[Number(index)];
    return axis ? { ...problem, field: fieldPath(axis.path, values), value: shownValues(axis) } : problem;
  });
}

export function shownValues(axis: SweepAxis): string {
  return axis.values.map((value) => (Array.isArray(value) ? `[${value.join(", ")}]` : String(value))).join(", ");
}

/** Of a grid that is refused as a whole: what the check without a grid has not found. */
export function refusedFields(fields: readonly FieldProblem[], known: readonly FieldProblem[]): FieldProblem[] {
  const others = new Set(known.map(({ field }) => formPath(field)));
  return fields.filter(({ field }) => field.startsWith("axes") || !others.has(formPath(field)));
}

/** What all these names begin with, in whole words where there is one, and without the bracket of what differs. */
export function sharedName(names: readonly string[]): string {
  const [first = "", ...others] = names;
  let length = first.length;
  while (!others.every((name) => name.startsWith(first.slice(0, length)))) length -= 1;
  if (length === first.length) return first;
  const shared = first.slice(0, length);
  return shared.replace(/\s+\S*$/, "").replace(/\s+\([^)]*$/, "");
}

/**
 * What this federation would refuse of each experiment, at the fields of the form; once where all have it, which the
 * check without a grid has found too.
 */
export function planProblems(plan: SweepPlan, known: readonly FieldProblem[], values: Values): FieldProblem[] {
  const said = new Set(known.map((problem) => `${formPath(problem.field)} ${problem.message}`));
  return plan.experiments.flatMap(({ config, label, problems }) =>
    problems.flatMap((problem) => {
      const field = formPath(problem.field).replace(/^strategies\.(\d+)/, (whole, index) => {
        const name = config.strategies[Number(index)]?.name;
        const own = values.strategies.findIndex((strategy) => strategy.name === name);
        return own < 0 ? whole : `strategies.${own}`;
      });
      const key = `${field} ${problem.message}`;
      if (said.has(key)) return [];
      said.add(key);
      return [{ ...problem, field, message: label ? `${problem.message} (${label})` : problem.message }];
    }),
  );
}

/** The columns of the table of runs that tell a sweep's runs apart. */
export function sweptColumns(axes: readonly SweepAxis[], values: Values): string[] {
  return axes.map(({ path }) => {
    const [first, ...rest] = path.split(".");
    const isMethod = values.strategies.some(({ name }) => name === first);
    return `setting:${isMethod ? rest.join(".") : path}`;
  });
}

/** What differs from the defaults, with a setting's several values in place of its one. */
export function withSwept(changes: readonly Difference[], axes: readonly SweepAxis[], values: Values): Difference[] {
  const swept = axes.map((axis) => {
    const path = fieldPath(axis.path, values);
    const standard = changes.find((change) => change.path === path)?.default;
    const now = valueAt(configOf(values), path.split("."));
    return { path, value: shownValues(axis), default: standard ?? settingText(now) };
  });
  return [...changes.filter(({ path }) => !swept.some((other) => other.path === path)), ...swept];
}
