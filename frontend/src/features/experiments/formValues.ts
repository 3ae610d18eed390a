/** The values of the experiment form. Their paths are the server's field names, so that its errors find their fields. */

import type { UseFormReturnType } from "@mantine/form";
import {
  type ExperimentConfig,
  type ExperimentFile,
  type ExperimentRecord,
  type ExperimentTemplate,
  type FieldProblem,
  formPath,
  problemText,
} from "@/api";
import { type Difference, defaultOf, differences, type JsonSchema, variants } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import type { StartFrom } from "./startFrom";

export type StrategyValues = Record<string, unknown> & { name: string };

export interface Values {
  name: string;
  description: string;
  data: Record<string, unknown>;
  network: Record<string, unknown>;
  schedule: Record<string, unknown>;
  evaluation: Record<string, unknown>;
  strategies: StrategyValues[];
  seeds: unknown;
  held_out_sites: string[];
  start_from: StartFrom | null;
  minimum_sites: unknown;
  waiting: Record<string, unknown>;
  refuse_outliers: unknown;
  retention: unknown;
  /** Settings with several values, by the path that the backend gives them: `fedsm.lambda`, `schedule.rounds`. Null
   * where a setting takes one value. */
  sweep: Record<string, SweptSetting> | null;
}

export interface SweptSetting {
  /** As it was typed. */
  text: string;
  values: unknown[];
}

export type ExperimentForm = UseFormReturnType<Values>;

/**
 * Every field as the contract has it, and FedSM with its references: the comparison that most people want first. Volumes
 * have no pixel type whose range means anything, so their intensities begin with the choice that fits them.
 */
export function initialValues(schema: JsonSchema, dimensions: number): Values {
  const standard = defaultOf(schema, schema) as Omit<Values, "name" | "description" | "strategies" | "sweep">;
  return {
    ...standard,
    data: dimensions === 3 ? { ...standard.data, intensity: "percentile" } : standard.data,
    name: "",
    description: "",
    sweep: {},
    strategies: Object.keys(strategySchemas(schema))
      .filter((name) => ORDER.includes(name))
      .map((name) => newStrategy(schema, name))
      .sort(byOrder),
  };
}

/** The template's configuration; a name and a description that somebody wrote stay. */
export function valuesOfTemplate(template: ExperimentTemplate, now: Values): Values {
  const config = template.config as unknown as Omit<Values, "name" | "description" | "sweep">;
  return {
    ...now,
    ...structuredClone(config),
    sweep: {},
    name: now.name.trim() === "" ? template.title : now.name,
  };
}

/** A file's name and description replace those there are: the file is what somebody wants. */
export function valuesOfFile(file: ExperimentFile, now: Values): Values {
  const config = file.config as unknown as Omit<Values, "name" | "description" | "sweep">;
  return { ...now, ...structuredClone(config), sweep: {}, name: file.name, description: file.description ?? "" };
}

/** Another experiment's settings. Those that the contract has got since are as they start. */
export function valuesOfExperiment(experiment: ExperimentRecord, starting: Values): Values {
  const config = experiment.config as unknown as Omit<Values, "name" | "description" | "sweep">;
  const name = `${experiment.name.slice(0, MAX_NAME_LETTERS - COPY.length)}${COPY}`;
  return { ...starting, ...structuredClone(config), name, description: experiment.description };
}

/** With the settings that a configuration does not name: the API leaves some out where they are at their defaults. */
export function withDefaults(schema: JsonSchema, values: Values): Values {
  const standard = defaultOf(schema, schema) as Values;
  return {
    ...values,
    schedule: { ...standard.schedule, ...values.schedule },
    strategies: values.strategies.map((strategy) => ({ ...newStrategy(schema, strategy.name), ...strategy })),
  };
}

const MAX_NAME_LETTERS = 80;
const COPY = " (copy)";

/** The references that are not chosen yet. */
export function missingReferences(chosen: readonly { name: string }[]): string[] {
  return REFERENCES.filter((name) => !chosen.some((entry) => entry.name === name));
}

const REFERENCES = ["fedavg", "local-only", "centralized"];

export function strategySchemas(schema: JsonSchema): Record<string, JsonSchema> {
  const union = schema.properties?.strategies?.items;
  return union ? variants(schema, union) : {};
}

export function newStrategy(schema: JsonSchema, name: string): StrategyValues {
  const variant = strategySchemas(schema)[name];
  return { ...(variant ? (defaultOf(schema, { ...variant, type: "object" }) as object) : {}), name };
}

const ORDER = ["fedsm", "fedavg", "local-only", "centralized"];

/** FedSM first, baselines after it, methods that this file does not know last. */
export function byOrder(left: { name: string }, right: { name: string }): number {
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return place(left.name) - place(right.name);
}

/** What is sent. The backend checks it all, so a value that is not a number yet goes out as it is. */
export function configOf(values: Values): ExperimentConfig {
  const { name: _name, description: _description, sweep: _sweep, ...config } = values;
  return config as unknown as ExperimentConfig;
}

/** What is not at its default: of the settings, and of every method that takes part. */
export function changesOf(schema: JsonSchema, values: Values, starting: Values): Difference[] {
  const { strategies: _all, ...standard } = configOf(starting);
  const { strategies: _chosen, ...config } = configOf(values);
  return [
    ...differences(config, standard),
    ...values.strategies.flatMap((strategy, index) =>
      differences(strategy, newStrategy(schema, strategy.name), `strategies.${index}`),
    ),
  ];
}

/** What a copy has otherwise than its original: settings, which methods take part, and the settings of those that both
 * have, the first of a name compared with the first. */
export function changesFrom(original: Values, values: Values): Difference[] {
  const { strategies: before, ...standard } = configOf(original);
  const { strategies: now, ...config } = configOf(values);
  const names = (strategies: readonly { name: string }[]) =>
    strategies.map(({ name }) => strategyName(name)).join(", ");
  const same = names(before) === names(now);
  return [
    ...differences(config, standard),
    ...(same ? [] : [{ path: "strategies", value: names(now), default: names(before) }]),
    ...now.flatMap((strategy, index) => {
      const place = now.slice(0, index).filter(({ name }) => name === strategy.name).length;
      const counterpart = before.filter(({ name }) => name === strategy.name)[place];
      return counterpart ? differences(strategy, counterpart, `strategies.${index}`) : [];
    }),
  ];
}

/** The text of the problem at this field or inside it. */
export function errorAt(problems: readonly FieldProblem[], path: string): string | undefined {
  const problem = problems.find(({ field }) => formPath(field) === path || formPath(field).startsWith(`${path}.`));
  return problem && problemText(problem);
}

/** The text of the problem at this field itself. */
export function errorOf(problems: readonly FieldProblem[], path: string): string | undefined {
  const problem = problems.find(({ field }) => formPath(field) === path);
  return problem && problemText(problem);
}
