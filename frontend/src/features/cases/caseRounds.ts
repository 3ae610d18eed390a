/** One test case as the models of an earlier round saw it. */

import type { PastRound, RunHistory, ScoredCase } from "@/api";
import { METRIC_NAMES } from "@/lib/metrics";

/** The rounds whose masks of the case were kept; empty where none were. */
export function roundsOf(history: RunHistory | undefined, caseId: string): PastRound[] {
  return history?.cases.find((entry) => entry.case_id === caseId)?.rounds ?? [];
}

/** The round that is looked at: the one asked for if its masks were kept, else null for the best round. */
export function roundAt(rounds: readonly PastRound[], asked: number | undefined, best: number): PastRound | null {
  return asked === undefined || asked === best ? null : (rounds.find(({ round }) => round === asked) ?? null);
}

/** The round that was kept next to one, or the same where there is none. */
export function roundBeside(rounds: readonly PastRound[], round: number, direction: 1 | -1): number {
  const at = rounds.findIndex((past) => past.round === round);
  return at < 0 ? round : (rounds[at + direction]?.round ?? round);
}

/** The case with masks and Dice of that round; the other scores are known of the best round alone. */
export function atRound(scored: ScoredCase, past: PastRound | null): ScoredCase {
  if (past === null) return scored;
  const models = Object.entries(past.models);
  const masks = models.flatMap(([model, { mask_url: url }]) => (url === null ? [] : [[model, url] as const]));
  const dice = Object.fromEntries(models.map(([model, entry]) => [model, entry.dice]));
  const scores: ScoredCase["scores"] = Object.fromEntries(
    models.map(([model, entry]) => [
      model,
      Object.fromEntries(
        Object.entries(entry.dice).map(([structure, value]) => [structure, { ...NO_SCORES, dice: value }]),
      ),
    ]),
  );
  return { ...scored, predictions: Object.fromEntries(masks), dice, scores, chosen_model: past.chosen_model };
}

const NO_SCORES = Object.fromEntries(METRIC_NAMES.map((name) => [name, null]));

/** The mean Dice of a model over the structures (or of one) in a round; null where none is known. */
export function diceAt(past: PastRound, model: string, structure: string | null): number | null {
  const dice = past.models[model]?.dice ?? {};
  const values = (structure === null ? Object.values(dice) : [dice[structure] ?? null]).filter(
    (value): value is number => value !== null,
  );
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
