/** `1, 4 to 7, 9` of ascending rounds. */
export function roundSpans(rounds: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const round of rounds) {
    const last = spans.at(-1);
    if (last && round === last[1] + 1) last[1] = round;
    else spans.push([round, round]);
  }
  return spans.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`)).join(", ");
}
