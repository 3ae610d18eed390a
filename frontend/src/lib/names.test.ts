import { describe, expect, it } from "vitest";
import { shortName, splitName } from "./names";

const FIRST = "University hospital of the northern district, department 01";

describe("long names", () => {
  it("are cut in their middle", () => {
    expect(shortName("Aster clinic")).toBe("Aster clinic");
    expect(shortName(FIRST, 24)).toMatch(/^University.*….*01$/);
    expect(shortName(FIRST, 24).length).toBeLessThanOrEqual(24);
    expect(shortName("University hospital, department 12", 21)).toBe("University…artment 12");
  });

  it("keep their last words, whole where they have any", () => {
    expect(splitName("Aster clinic")).toEqual(["Aster clinic", ""]);
    expect(splitName(FIRST)).toEqual(["University hospital of the northern district,", " department 01"]);
    expect(splitName("photograph-of-a-patient-0001")).toEqual(["photograph-of-a-patie", "nt-0001"]);
  });

  it("lose nothing", () => {
    for (const name of [FIRST, "a".repeat(60), `${"word ".repeat(12)}end `])
      expect(splitName(name).join("")).toBe(name);
  });
});
