/** Names where there is little room. */

const MOST_LETTERS = 34;

/** Cut in its middle: names of one hospital's departments begin alike and end otherwise. */
export function shortName(name: string, most = MOST_LETTERS): string {
  if (name.length <= most) return name;
  const end = Math.ceil((most - 1) / 2);
  return `${name.slice(0, most - 1 - end).trimEnd()}…${name.slice(-end).trimStart()}`;
}
