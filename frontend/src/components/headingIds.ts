/** Ids of headings from their words: `Dice \u2191 on the test cases` is `at-dice-on-the-test-cases`; equal ones are counted. */
export function headingIds(words: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return words.map((text) => {
    const slug = `at-${text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")}`;
    const count = (seen.get(slug) ?? 0) + 1;
    seen.set(slug, count);
    return count === 1 ? slug : `${slug}-${count}`;
  });
}
