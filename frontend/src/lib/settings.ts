/** Every setting of a configuration next to its default, read with the contract's schema. */

import { defaultOf, type JsonSchema, resolve, settingText, variants } from "./schema";

export interface Setting {
  /** As a file has it: `strategies.1.selector.shrinkage`. */
  path: string;
  value: string;
  default: string;
  changed: boolean;
}

type Fields = Record<string, unknown>;

/** A variant (another network, another selector) is compared with its own defaults; its name says that it is another. */
export function settingsOf(root: JsonSchema, schema: JsonSchema, value: unknown, path = ""): Setting[] {
  const resolved = withoutNull(root, resolve(root, schema));
  const below = (name: string) => (path ? `${path}.${name}` : name);
  if (Array.isArray(value) && value.some(isFields)) {
    return value.flatMap((entry, index) => settingsOf(root, resolved.items ?? {}, entry, below(String(index))));
  }
  if (!isFields(value)) return [settingAt(path, value, defaultOf(root, schema))];
  const key = resolved.discriminator?.propertyName;
  if (key) {
    const variant = variants(root, resolved)[String(value[key])];
    const usual = defaultOf(root, schema);
    const named = settingAt(below(key), value[key], isFields(usual) ? usual[key] : value[key]);
    return [...(isFields(usual) ? [named] : []), ...fieldsAt(root, variant ?? {}, omit(value, key), below)];
  }
  return fieldsAt(root, resolved, value, below);
}

function fieldsAt(root: JsonSchema, schema: JsonSchema, value: Fields, below: (name: string) => string): Setting[] {
  const properties = schema.properties ?? {};
  return Object.entries(value).flatMap(([name, entry]) => {
    const property = properties[name];
    return property ? settingsOf(root, property, entry, below(name)) : [settingAt(below(name), entry, undefined)];
  });
}

function settingAt(path: string, value: unknown, standard: unknown): Setting {
  const changed = JSON.stringify(value ?? null) !== JSON.stringify(standard ?? null);
  return { path, value: settingText(value), default: settingText(standard), changed };
}

function withoutNull(root: JsonSchema, schema: JsonSchema): JsonSchema {
  const others = (schema.anyOf ?? []).filter(({ type }) => type !== "null");
  return others.length === 1 && others[0] ? { ...resolve(root, others[0]), ...schema, anyOf: undefined } : schema;
}

function omit(value: Fields, key: string): Fields {
  const { [key]: _, ...others } = value;
  return others;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
