import { describe, expect, it } from "vitest";
import { explainChoice } from "./explain";

const name = (slug: string) => slug.toUpperCase();

describe("explainChoice", () => {
  it("names the most probable site and the threshold", () => {
    expect(explainChoice({ a: 0.02, b: 0.98 }, "personalized/b", 0.9, name)).toBe(
      "The selector is surest of B, p = 0.980, above γ = 0.9: the personalized model of B was used.",
    );
    expect(explainChoice({ a: 0.6, b: 0.4 }, "global", 0.9, name)).toBe(
      "The selector is surest of A, p = 0.600, not above γ = 0.9: the global model was used.",
    );
  });

  it("says when the models were mixed", () => {
    expect(explainChoice({ a: 0.6, b: 0.4 }, "mixture", 0.9, name)).toBe(
      "The selector is surest of A, p = 0.600: the sites' models were mixed by these probabilities.",
    );
  });

  it("has words for an image of no site, and names none as its own", () => {
    const even = { a: 0.287, b: 0.238, c: 0.238, d: 0.237 };
    expect(explainChoice(even, "global", 0.9, name, "This image is unlike every site's images: ...")).toBe(
      "The image lies too far from every site's for the selector to be sure of one, p = 0.287 at most, " +
        "not above γ = 0.9: the global model was used.",
    );
  });

  it("claims nothing where no choice is known", () => {
    expect(explainChoice({ a: 1 }, null, 0.9, name)).toBe("The selector is surest of A, p = 1.000.");
  });
});

it("says of routing by expected quality what was used, without a threshold", () => {
  expect(explainChoice({ a: 0.9, b: 0.1 }, "global", null, (slug) => slug)).toBe(
    "The selector is surest of a, p = 0.900: the global model was used, of which the best score is expected.",
  );
});

it("says of a method without a selector that all models were used", () => {
  expect(explainChoice({}, "mixture", null, (slug) => slug)).toBe("All sites' models segmented the image together.");
});
