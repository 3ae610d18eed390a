/** Settings that take several values: what an axis is called, which fields of the form it is, and whether it counts. */

import type { ExperimentConfig, SweepAxis } from "@/api";
import { applies, type Field, fieldsOf, type JsonSchema, resolve, valueAt, variants } from "@/lib/schema";
import { configOf, strategySchemas, type Values } from "./formValues";

/** `strategies.1.lambda` as `fedsm.lambda`: an axis names the method, and varies every setting of it. */
export function axisPath(path: string, values: Values): string {
  const [section, index, ...rest] = path.split(".");
  const strategy = section === "strategies" ? values.strategies[Number(index)] : undefined;
  return strategy ? [strategy.name, ...rest].join(".") : path;
}

/** Back again: of a method that is there twice, the field of each that has the setting. */
export function placesOf(axis: string, values: Values): string[] {
  const [first, ...rest] = axis.split(".");
  const isMethod = values.strategies.some(({ name }) => name === first);
  const places = isMethod
    ? values.strategies.flatMap(({ name }, index) => (name === first ? ["strategies", index, ...rest].join(".") : []))
    : [axis];
  return places.filter((place) => valueAt(values, place.split(".")) !== undefined);
}

/** The field of the form that shows an axis. */
export function fieldPath(axis: string, values: Values): string {
  return placesOf(axis, values)[0] ?? axis;
}

/** A list of settings is one value already, and a choice between variants brings other settings with it. */
export function isSweepable(field: Field): boolean {
  return ["number", "integer", "choice", "boolean"].includes(field.kind);
}

/** Whether the form shows the field of the object at `parent`: what it depends on may have several values itself. */
export function counts(field: Field, parent: string, values: Values): boolean {
  const siblings = parent ? valueAt(values, parent.split(".")) : values;
  return applies(field, siblings, values, (name) => {
    const path = name.includes(".") || !parent ? name : `${parent}.${name}`;
    const several = values.sweep?.[axisPath(path, values)]?.values;
    return several?.length ? several : undefined;
  });
}

/** The axes that count as things stand: a setting that the form does not show has none, and keeps what was typed. */
export function axesOf(values: Values, schema: JsonSchema): SweepAxis[] {
  return Object.entries(values.sweep ?? {})
    .filter(([axis]) => placesOf(axis, values).some((place) => isShown(place, values, schema)))
    .map(([path, entry]) => ({ path, values: entry.values as SweepAxis["values"] }));
}

function isShown(place: string, values: Values, schema: JsonSchema): boolean {
  const [section, index, ...rest] = place.split(".");
  if (section !== "strategies") return isShownBelow("", place.split("."), schema, values, schema);
  const strategy = strategySchemas(schema)[values.strategies[Number(index)]?.name ?? ""];
  return strategy !== undefined && isShownBelow(`strategies.${index}`, rest, strategy, values, schema);
}

function isShownBelow(
  parent: string,
  [step = "", ...rest]: readonly string[],
  node: JsonSchema,
  values: Values,
  root: JsonSchema,
): boolean {
  const field = fieldsOf(root, node).find(({ name }) => name === step);
  if (field && !counts(field, parent, values)) return false;
  if (rest.length === 0) return field !== undefined;
  const at = parent ? `${parent}.${step}` : step;
  const chosen = String(valueAt(values, [...at.split("."), "name"]));
  const inner =
    field?.kind === "variant" ? variants(root, field.schema)[chosen] : resolve(root, node).properties?.[step];
  return inner !== undefined && isShownBelow(at, rest, inner, values, root);
}

/** With the first value of each axis, in place of the single value that nobody sees any more. */
export function firstConfig(values: Values, axes: readonly SweepAxis[]): ExperimentConfig {
  const config = structuredClone(configOf(values));
  for (const axis of axes.filter((each) => each.values.length > 0))
    for (const place of placesOf(axis.path, values)) setAt(config, place.split("."), axis.values[0]);
  return config;
}

function setAt(node: unknown, steps: readonly string[], value: unknown): void {
  const last = steps.at(-1) ?? "";
  (valueAt(node, steps.slice(0, -1)) as Record<string, unknown>)[last] = value;
}

/** As options of `fedsm experiment create`. */
export function sweepOptions(axes: readonly SweepAxis[]): string {
  return axes.map((axis) => `--sweep ${axis.path}=${axis.values.map(inFile).join(",")}`).join(" ");
}

/** As a YAML file has it, where 1e-7 is text and 1.0e-7 is a number. */
function inFile(value: unknown): string {
  return String(value).replace(/^(-?\d+)(?=e[+-]?\d)/, "$1.0");
}
