/** Labels of a structure as people write them: `1, 2, Prostate gland`: integers, and names of segments or ROIs. */

export interface Labels {
  values: number[];
  names: string[];
}

export function parseLabels(text: string): Labels {
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return {
    values: parts.filter((part) => /^\d+$/.test(part)).map(Number),
    names: parts.filter((part) => !/^\d+$/.test(part)),
  };
}

/** The map of a registration, or null where nothing was written: then the federation's own labels hold. */
export function labelMap(
  written: Readonly<Record<string, string>>,
  ignored: string,
): { structures: Record<string, Labels>; ignored_values: number[]; ignored_names: string[] } | null {
  const filled = Object.entries(written).filter(([, text]) => text.trim() !== "");
  const left = parseLabels(ignored);
  if (filled.length === 0 && left.values.length === 0 && left.names.length === 0) return null;
  return {
    structures: Object.fromEntries(filled.map(([structure, text]) => [structure, parseLabels(text)])),
    ignored_values: left.values,
    ignored_names: left.names,
  };
}
