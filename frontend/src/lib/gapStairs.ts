/** A gap as stairs: levels stand on the axis, and what is lost or won between them hangs from one to the next. */

/** A level's mean, or what lies between the levels before and after it. */
export interface Step {
  key: string;
  kind: "level" | "term";
  label: string;
  /** Of a level its mean, of a term its loss. */
  value: number | null;
  /** The ends of a term's interval. */
  low: number | null;
  high: number | null;
  text: string;
  interval: string;
}

export interface Stair {
  key: string;
  kind: "level" | "lost" | "won" | "even";
  label: string;
  /** The number as it is printed. */
  text: string;
  /** Shares of the picture's height, from below. */
  bottom: number;
  top: number;
  /** Where the line from the level before arrives; null at a level. */
  from: number | null;
  /** The ends of the interval; null without one. */
  whisker: [number, number] | null;
}

/** Room above the highest and below the lowest level, as a share of what lies between them. */
const ROOM = { above: 0.15, below: 0.45 };

/** What differs by less differs by rounding alone. */
const EVEN = 1e-9;

/** The axis does not begin at 0, or the differences could not be seen. Empty where a number is missing, or there is one
 * level. */
export function stairsOf(steps: readonly Step[], higherIsBetter: boolean): Stair[] {
  const means = steps.flatMap(({ kind, value }) => (kind === "level" && value !== null ? [value] : []));
  if (means.length < 2 || steps.some(({ value }) => value === null)) return [];
  const spread = Math.max(...means) - Math.min(...means) || 1e-6;
  const low = Math.min(...means) - ROOM.below * spread;
  const high = Math.max(...means) + ROOM.above * spread;
  const share = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)));
  const sign = higherIsBetter ? 1 : -1;
  return steps.map((step, place): Stair => {
    const { key, label, text } = step;
    const value = step.value as number;
    if (step.kind === "level") {
      return { key, kind: "level", label, text, bottom: 0, top: share(value), from: null, whisker: null };
    }
    const before = steps[place - 1]?.value as number;
    const ends = [before, before - sign * value].map(share);
    const whisker = [step.low, step.high].map((loss) => share(before - sign * (loss ?? 0)));
    return {
      key,
      kind: Math.abs(value) < EVEN ? "even" : value > 0 ? "lost" : "won",
      label,
      text,
      bottom: Math.min(...ends),
      top: Math.max(...ends),
      from: share(before),
      whisker: step.low === null || step.high === null ? null : [Math.min(...whisker), Math.max(...whisker)],
    };
  });
}

/** What a screen reader says of the picture. */
export function stairWords(stairs: readonly Stair[]): string {
  return stairs
    .map(({ label, text, kind }) => `${label} ${text}${kind === "lost" || kind === "won" ? ` ${kind}` : ""}`)
    .join(", ");
}
