/**
 * Reads the JSON schema of ExperimentConfig. Bounds, defaults, choices and help come from there and nowhere else, so
 * that a new hyper-parameter of the contract appears in the form by itself.
 */

import { fieldName } from "./fieldNames";

export interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  /** Of the contract: the field counts only where its siblings have one of these values. */
  applies_when?: Record<string, unknown[]>;
  /** Of the contract: what each choice means. */
  choices?: Record<string, string>;
  /** Of the contract: where the default comes from, as the end of a sentence. */
  source?: string;
  /** Of the contract: what the number counts. */
  unit?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  discriminator?: { propertyName: string; mapping: Record<string, string> };
}

export type FieldKind = "number" | "integer" | "choice" | "text" | "numbers" | "boolean" | "variant" | "unknown";

export interface Field {
  name: string;
  label: string;
  kind: FieldKind;
  help: string;
  bounds: string;
  unit: string;
  default: unknown;
  choices: string[];
  /** What each choice means; empty where nothing is to say. */
  meanings: Record<string, string>;
  /** Where the default comes from. */
  source: string | undefined;
  /** May be left empty, which is null. */
  optional: boolean;
  schema: JsonSchema;
}

/** The schema with its `$ref` followed; what stands next to the `$ref` (description, default) wins. */
export function resolve(root: JsonSchema, schema: JsonSchema): JsonSchema {
  if (!schema.$ref) return schema;
  const name = schema.$ref.replace("#/$defs/", "");
  const target = root.$defs?.[name];
  if (!target) throw new Error(`The experiment schema refers to ${schema.$ref}, which it does not define.`);
  const { $ref: _, ...siblings } = schema;
  return { ...resolve(root, target), ...siblings };
}

/** The fields of an object schema, but for the `name` that tells variants apart. */
export function fieldsOf(root: JsonSchema, schema: JsonSchema): Field[] {
  const properties = resolve(root, schema).properties ?? {};
  return Object.entries(properties)
    .map(([name, property]) => describeField(root, name, property))
    .filter((field) => field.kind !== "unknown");
}

function describeField(root: JsonSchema, name: string, property: JsonSchema): Field {
  const resolved = resolve(root, property);
  const schema = withoutNull(root, resolved);
  const choices = (schema.enum ?? []).map(String);
  return {
    name,
    label: fieldName(name),
    kind: fieldKind(schema),
    help: schema.description ?? "",
    bounds: describeBounds(schema) + (schema.unit ? ` ${schema.unit}` : ""),
    unit: schema.unit ?? "",
    default: defaultOf(root, property),
    choices: schema.discriminator ? Object.keys(schema.discriminator.mapping) : choices,
    meanings: schema.choices ?? {},
    source: schema.source,
    optional: schema !== resolved,
    schema,
  };
}

/** `X | null` as X, with what stands next to it. */
function withoutNull(root: JsonSchema, schema: JsonSchema): JsonSchema {
  const alternatives = schema.anyOf ?? [];
  const others = alternatives.filter((alternative) => alternative.type !== "null");
  const [only] = others;
  if (!only || others.length !== 1 || others.length === alternatives.length) return schema;
  const { anyOf: _, ...siblings } = schema;
  return { ...resolve(root, only), ...siblings };
}

/**
 * Whether a field counts, given the values of its siblings; one that names a path looks at the whole. several: the
 * values of a setting that has more than one, by the name that the contract gives it; one that fits is enough.
 */
export function applies(
  field: Field,
  siblings: unknown,
  whole: unknown = {},
  several: (name: string) => readonly unknown[] | undefined = () => undefined,
): boolean {
  return Object.entries(field.schema.applies_when ?? {}).every(([name, wanted]) => {
    const path = name.split(".");
    const values = several(name) ?? [valueAt(path.length > 1 ? whole : siblings, path)];
    return values.some((value) => wanted.includes(value));
  });
}

/** The value at a path; undefined where there is none. Entries of a list are named by their places. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, step) => (typeof node === "object" && node !== null ? (node as Record<string, unknown>)[step] : undefined),
    value,
  );
}

/** What the contract calls the choice: numbers are shown as text. */
export function choiceValue(field: Field, shown: string): unknown {
  return (field.schema.enum ?? []).find((value) => String(value) === shown) ?? shown;
}

function fieldKind(schema: JsonSchema): FieldKind {
  if (schema.const !== undefined) return "unknown";
  if (schema.enum) return "choice";
  if (schema.discriminator) return "variant";
  if (schema.type === "integer" || schema.type === "number") return schema.type;
  if (schema.type === "string") return "text";
  if (schema.type === "boolean") return "boolean";
  if (schema.type === "array" && (schema.prefixItems ?? [schema.items]).every((item) => isNumeric(item)))
    return "numbers";
  return "unknown";
}

function isNumeric(schema: JsonSchema | undefined): boolean {
  return schema?.type === "integer" || schema?.type === "number";
}

/** `1 to 1000`, `more than 0, at most 1`. */
export function describeBounds(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const parts: string[] = [];
  if (minimum !== undefined && maximum !== undefined) parts.push(`${minimum} to ${maximum}`);
  else {
    if (minimum !== undefined) parts.push(`at least ${minimum}`);
    if (exclusiveMinimum !== undefined) parts.push(`more than ${exclusiveMinimum}`);
    if (maximum !== undefined) parts.push(`at most ${maximum}`);
    if (exclusiveMaximum !== undefined) parts.push(`less than ${exclusiveMaximum}`);
  }
  if (multipleOf !== undefined) parts.push(`a multiple of ${multipleOf}`);
  return parts.join(", ");
}

/** The schemas of a discriminated union, by the value of its discriminator. */
export function variants(root: JsonSchema, schema: JsonSchema): Record<string, JsonSchema> {
  const union = resolve(root, schema);
  const mapping = union.discriminator?.mapping ?? {};
  return Object.fromEntries(
    Object.entries(mapping).map(([name, reference]) => [name, resolve(root, { $ref: reference })]),
  );
}

/** The value a field has before anybody touches it: its own default, else those of its parts. */
export function defaultOf(root: JsonSchema, schema: JsonSchema): unknown {
  const resolved = resolve(root, schema);
  if (resolved.const !== undefined) return resolved.const;
  if (resolved.type === "object") {
    const given = resolved.default as Record<string, unknown> | undefined;
    return { ...objectDefaults(root, resolved), ...given };
  }
  if (resolved.discriminator && isRecord(resolved.default)) {
    const chosen = String(resolved.default[resolved.discriminator.propertyName]);
    const variant = variants(root, resolved)[chosen];
    return variant ? { ...objectDefaults(root, variant), ...resolved.default } : resolved.default;
  }
  return resolved.default;
}

function objectDefaults(root: JsonSchema, schema: JsonSchema): Record<string, unknown> {
  const entries = Object.entries(schema.properties ?? {});
  return Object.fromEntries(entries.map(([name, property]) => [name, defaultOf(root, property)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Difference {
  path: string;
  value: string;
  default: string;
}

/** The fields of a configuration that are not as the contract has them, for the review. */
export function differences(value: unknown, standard: unknown, path = ""): Difference[] {
  if (isRecord(value) && isRecord(standard)) {
    return Object.keys(value).flatMap((key) => differences(value[key], standard[key], path ? `${path}.${key}` : key));
  }
  if (JSON.stringify(value) === JSON.stringify(standard)) return [];
  if (areRecords(value) && areRecords(standard) && value.length === standard.length) {
    return value.flatMap((entry, index) => differences(entry, standard[index], `${path}.${index}`));
  }
  return [{ path, value: settingText(value), default: settingText(standard) }];
}

function areRecords(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}

/** A value as it is shown; a list by its entries, an object by its name. */
export function settingText(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return value.length > 0 ? value.join(", ") : "empty";
  return isRecord(value) ? String(value.name) : String(value);
}

/** `16, 32, 64` as numbers; text that is no number stays, for the backend to refuse by name. */
export function parseNumbers(text: string): (number | string)[] {
  return text
    .split(/[\s,;]+/)
    .filter((part) => part !== "")
    .map((part) => (Number.isFinite(Number(part)) ? Number(part) : part));
}
