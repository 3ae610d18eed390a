import { beforeEach, describe, expect, it } from "vitest";
import { dropDraft, keepDraft, readDraft } from "./draft";
import type { Values } from "./formValues";

const starting = { name: "", strategies: [], schedule: { rounds: 100 }, seeds: [0] } as unknown as Values;

describe("a draft", () => {
  beforeEach(() => localStorage.clear());

  it("comes back as it was left, for its own federation only", () => {
    keepDraft("one", { ...starting, name: "Mine" });
    expect(readDraft("one", starting)?.name).toBe("Mine");
    expect(readDraft("two", starting)).toBeNull();
    dropDraft("one");
    expect(readDraft("one", starting)).toBeNull();
  });

  it("fills in what the contract has got since", () => {
    localStorage.setItem("fedsm-draft-one", JSON.stringify({ name: "Old", strategies: [] }));
    expect(readDraft("one", starting)).toEqual({ ...starting, name: "Old" });
  });

  it("drops what cannot be read", () => {
    localStorage.setItem("fedsm-draft-one", "{");
    expect(readDraft("one", starting)).toBeNull();
    expect(localStorage.getItem("fedsm-draft-one")).toBeNull();
  });
});
