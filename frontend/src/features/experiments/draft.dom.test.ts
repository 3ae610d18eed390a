import { beforeEach, describe, expect, it } from "vitest";
import { dropDraft, keepDraft, keepMade, readDraft, readMade, watchDraft } from "./draft";
import type { Values } from "./formValues";

const starting = { name: "", strategies: [], schedule: { rounds: 100 }, seeds: [0] } as unknown as Values;

describe("a draft", () => {
  beforeEach(() => localStorage.clear());

  it("comes back as it was left, for its own federation only", () => {
    keepDraft({ federationId: "one" }, { ...starting, name: "Mine" });
    expect(readDraft({ federationId: "one" }, starting)?.name).toBe("Mine");
    expect(readDraft({ federationId: "two" }, starting)).toBeNull();
    dropDraft({ federationId: "one" });
    expect(readDraft({ federationId: "one" }, starting)).toBeNull();
  });

  it("of a copy leaves the federation's own draft alone", () => {
    keepDraft({ federationId: "one" }, { ...starting, name: "Mine" });
    keepDraft({ federationId: "one", clone: "x" }, { ...starting, name: "A copy" });
    expect(readDraft({ federationId: "one" }, starting)?.name).toBe("Mine");
    expect(readDraft({ federationId: "one", clone: "x" }, starting)?.name).toBe("A copy");
    expect(readDraft({ federationId: "one", clone: "y" }, starting)).toBeNull();
  });

  it("fills in what the contract has got since", () => {
    localStorage.setItem("fedsm-draft-one", JSON.stringify({ name: "Old", strategies: [] }));
    expect(readDraft({ federationId: "one" }, starting)).toEqual({ ...starting, name: "Old" });
  });

  it("is kept with what was created of it, and dropped with it", () => {
    const made = { key: { id: "e1", name: "Try 1", started: false } };
    keepMade({ federationId: "one" }, made);
    expect(readMade({ federationId: "one" })).toEqual(made);
    expect(readMade({ federationId: "one", clone: "x" })).toEqual({});
    dropDraft({ federationId: "one" });
    expect(readMade({ federationId: "one" })).toEqual({});
    localStorage.setItem("made-of-fedsm-draft-one", "{");
    expect(readMade({ federationId: "one" })).toEqual({});
  });

  it("drops what cannot be read", () => {
    localStorage.setItem("fedsm-draft-one", "{");
    expect(readDraft({ federationId: "one" }, starting)).toBeNull();
    expect(localStorage.getItem("fedsm-draft-one")).toBeNull();
  });

  it("says what another tab makes of it, and of no other draft", () => {
    const seen: string[] = [];
    const stop = watchDraft({ federationId: "one" }, starting, (values) => seen.push(values.name));
    const written = (key: string) => window.dispatchEvent(new StorageEvent("storage", { key }));
    keepDraft({ federationId: "one" }, { ...starting, name: "Theirs" });
    written("fedsm-draft-one");
    written("fedsm-draft-two");
    expect(seen).toEqual(["Theirs"]);
    stop();
    written("fedsm-draft-one");
    expect(seen).toEqual(["Theirs"]);
  });
});
