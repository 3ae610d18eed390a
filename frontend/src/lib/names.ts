/** Names where there is little room. */

const MAX_LETTERS = 34;

/** Cut in its middle: names of one hospital's departments begin alike and end otherwise. */
export function shortName(name: string, most = MAX_LETTERS): string {
  if (name.length <= most) return name;
  const end = Math.ceil((most - 1) / 2);
  return `${name.slice(0, most - 1 - end).trimEnd()}…${name.slice(-end).trimStart()}`;
}

/** Shorter names are never cut in two. */
const LONG = 22;
const MAX_TAIL = 14;

/** What may be cut at its end, and what stays: the last word or words; nothing stays of a short name. */
export function splitName(name: string): [head: string, tail: string] {
  if (name.length <= LONG) return [name, ""];
  const end = name.slice(-MAX_TAIL);
  const space = end.indexOf(" ");
  const at = name.length - (space >= 0 && space < MAX_TAIL - 1 ? end.length - space : Math.ceil(MAX_TAIL / 2));
  return [name.slice(0, at), name.slice(at)];
}
