/** What a reader must know of structures that are not in the reference: they have no score, or one that only falls. */

type Scores = Readonly<Record<string, Readonly<Partial<Record<string, number | null>>>>>;

export interface Absent {
  /** Structures in neither mask. */
  missing: string[];
  /** Structures that the model draws and the reference does not hold. */
  invented: string[];
}

/** A structure is in neither mask where it has no Dice; it is invented where nothing could have been found of it. */
export function absentStructures(scores: Scores): Absent {
  const names = Object.keys(scores);
  return {
    missing: names.filter((name) => scores[name]?.dice === null),
    invented: names.filter((name) => scores[name]?.dice === 0 && scores[name]?.sensitivity === null),
  };
}

/** Sentences for the shown model; none where the reference holds every structure. */
export function absentSentences(scores: Scores): string[] {
  const { missing, invented } = absentStructures(scores);
  const sentences = [];
  if (missing.length > 0) sentences.push(`In neither mask: ${missing.join(", ")}. No score, counted as missing.`);
  if (invented.length > 0) {
    sentences.push(`Not in the reference, but drawn by this model: ${invented.join(", ")}. Dice 0.`);
  }
  return sentences;
}
