/** Why the super model used the model that it used: the largest probability against gamma. */
export function explainChoice(
  probabilities: Record<string, number>,
  chosen: string | null,
  gamma: number | null,
  siteName: (slug: string) => string,
  /** The backend's sentence about an image of no site. */
  unlike: string | null = null,
): string {
  if (Object.keys(probabilities).length === 0) return "All sites' models segmented the image together.";
  const [slug, probability] = Object.entries(probabilities).reduce(
    (top, entry) => (entry[1] > top[1] ? entry : top),
    ["", -1],
  );
  const said =
    unlike === null
      ? `The selector is surest of ${siteName(slug)}, p = ${probability.toFixed(3)}`
      : `The image lies too far from every site's for the selector to be sure of one, p = ${probability.toFixed(3)} at most`;
  if (chosen === "mixture") return `${said}: the sites' models were mixed by these probabilities.`;
  if (chosen === null) return `${said}.`;
  const used =
    chosen === "global"
      ? "the global model was used"
      : `the personalized model of ${siteName(chosen.replace(/^personalized\//, ""))} was used`;
  if (gamma === null) return `${said}: ${used}, of which the best score is expected.`;
  return `${said}, ${chosen === "global" ? "not above" : "above"} γ = ${gamma}: ${used}.`;
}
