/**
 * Answers of a played backend in another order than they are asked for, as a busy one gives them. FEDSM_TEST_SHUFFLE, a
 * word of one's choice, turns it on: the same word gives the same order.
 */

const SEED = process.env.FEDSM_TEST_SHUFFLE;
/** The last is far behind what a page draws with the others. */
const DELAYS_MS = [0, 5, 30, 150];

/** Ends when the answer to the nth question, of this text, is due: at once without a seed. */
export async function answerIsDue(nth: number, question: string): Promise<void> {
  if (!SEED) return;
  const delay = DELAYS_MS[hash(`${SEED} ${nth} ${question}`) % DELAYS_MS.length];
  await new Promise((resolve) => setTimeout(resolve, delay));
}

/** FNV-1a of 32 bits, folded: its low bits alone depend on the low bits of the letters alone. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ letter.charCodeAt(0), 0x01000193);
  return (value ^ (value >>> 16)) >>> 0;
}
