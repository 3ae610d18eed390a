/** Settings with several values: what somebody types, the grid that is sent, and where its problems are shown. */

import { type FieldProblem, formPath, type SweepAxis, type SweepPlan } from "@/api";
import { choiceValue, type Difference, type Field, parseNumbers, settingText } from "@/lib/schema";
import { configOf, type Values } from "./formValues";

/** Maximum number of values that a range is written out to: more than the backend takes, which says so. */
const MAX_RANGE = 100;
const RANGE = /^(\S+)\s+to\s+(\S+?)(?:\s+by\s+(\S+))?$/;

/** `strategies.1.lambda` as `fedsm.lambda`: an axis names the method, and varies every setting of it. */
export function axisPath(path: string, values: Values): string {
  const [section, index, ...rest] = path.split(".");
  const strategy = section === "strategies" ? values.strategies[Number(index)] : undefined;
  return strategy ? [strategy.name, ...rest].join(".") : path;
}

/** Back again: the field of the form that shows an axis. */
export function fieldPath(axis: string, values: Values): string {
  const [first, ...rest] = axis.split(".");
  const index = values.strategies.findIndex(({ name }) => name === first);
  return index < 0 ? axis : ["strategies", index, ...rest].join(".");
}

/** A list of settings is one value already, and a choice between variants brings other settings with it. */
export function isSweepable(field: Field): boolean {
  return ["number", "integer", "choice", "boolean"].includes(field.kind);
}

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

/** The axes that count as things stand: a method that was taken out, or a setting of another variant, has none. */
export function axesOf(values: Values): SweepAxis[] {
  const config = configOf(values) as unknown;
  return Object.entries(values.sweep)
    .filter(([axis]) => valueAt(config, fieldPath(axis, values).split(".")) !== undefined)
    .map(([path, entry]) => ({ path, values: entry.values as SweepAxis["values"] }));
}

function valueAt(node: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | null | undefined)?.[step], node);
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
