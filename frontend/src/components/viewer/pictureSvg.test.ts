// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import { pictureSvg } from "./pictureSvg";

const view = { image: "data:image/png;base64,AAAA", width: 300, height: 200, caption: "Masks, super model", bar: null };

function parsed(text: string): Document {
  return new DOMParser().parseFromString(text, "image/svg+xml");
}

describe("pictureSvg", () => {
  it("has each view with its caption, the scale bar, the legend and the words as text", () => {
    const bar = { pixels: 80, label: "10 mm" };
    const picture = pictureSvg([view, { ...view, caption: "A & <B>", bar }], 2, {
      legend: [{ name: "optic disc", colour: "#22d3ee" }],
      lines: ["case-1, Aster clinic"],
    });
    const svg = parsed(picture.text);
    expect(svg.querySelector("parsererror")).toBeNull();
    expect([...svg.querySelectorAll("text")].map((text) => text.textContent)).toEqual([
      "Masks, super model",
      "A & <B>",
      "10 mm",
      "optic disc",
      "case-1, Aster clinic",
    ]);
    expect([...svg.querySelectorAll("image")].map((image) => image.getAttribute("x"))).toEqual(["8", "316"]);
    expect(svg.querySelector("path")?.getAttribute("d")).toBe("M328 214h80");
    // 2 views of 300 and 3 gaps of 8; 200 + 18 and 2 gaps above the legend and one line of 18, and a gap.
    expect([picture.width, picture.height]).toEqual([624, 278]);
  });

  it("needs neither legend nor bar", () => {
    expect(pictureSvg([view], 1, { legend: [], lines: [] }).height).toBe(8 + 218 + 8 + 8);
  });
});
