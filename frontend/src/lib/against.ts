/** What curves are drawn against: rounds, or what the rounds took. */

import type { RunEffort } from "@/api";
import { formatBytes, formatCount, formatSeconds } from "./format";

export const AGAINST = ["steps", "seconds", "bytes"] as const;
export type Against = (typeof AGAINST)[number];

interface Axis {
  label: string;
  /** Below the axis. */
  name: string;
  format: (value: number) => string;
}

export const ROUNDS: Axis = { label: "Rounds", name: "round", format: formatCount };
export const AXES: Record<Against, Axis> = {
  steps: { label: "Steps", name: "gradient steps of the model", format: formatCount },
  seconds: { label: "Time", name: "time of the slowest site of each round, added up", format: formatSeconds },
  bytes: { label: "Traffic", name: "bytes of all sites", format: formatBytes },
};

/** Round to what was taken up to its end; the initial state took nothing. Empty where it was not counted. */
export function takenByRound(effort: RunEffort, against: Against): Record<number, number> {
  const known = effort.rounds.flatMap((entry): [number, number][] => {
    const value = entry[against];
    return value === null ? [] : [[entry.round, value]];
  });
  return known.length === 0 ? {} : Object.fromEntries([[0, 0], ...known]);
}
