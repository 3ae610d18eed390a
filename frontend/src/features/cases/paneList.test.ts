import { describe, expect, it } from "vitest";
import type { ScoredCase } from "@/api";
import { paneModel, paneText, presets, readPane, readPanes, resized, SINGLE } from "./paneList";

describe("panes", () => {
  it("are written in the address and read back", () => {
    for (const text of ["overlay", "reference", "prediction:global", "error:personalized/a-site"]) {
      expect(paneText(readPane(text) ?? { kind: "image", model: null })).toBe(text);
    }
    expect(readPane("nonsense")).toBeNull();
    expect(readPane("reference:global")).toEqual({ kind: "reference", model: null });
  });

  it("come as one, two or four", () => {
    expect(readPanes(undefined)).toBe(SINGLE);
    expect(readPanes(["x"])).toBe(SINGLE);
    expect(readPanes(["reference", "error", "image"])).toHaveLength(2);
    expect(readPanes(["reference", "error", "image", "overlay", "overlay"])).toHaveLength(4);
  });

  it("show the model of the case's own site where that is asked for", () => {
    const scored = { site_slug: "b" } as ScoredCase;
    expect(paneModel({ kind: "error", model: null }, "personalized", scored)).toBe("personalized/b");
    expect(paneModel({ kind: "error", model: "global" }, "personalized", scored)).toBe("global");
    expect(paneModel({ kind: "reference", model: null }, "global", scored)).toBeNull();
  });

  it("offer what the models allow", () => {
    expect(presets(["global"]).map(({ label }) => label)).not.toContain("Global | personalized");
    const all = presets(["super", "personalized", "global"]);
    expect(all.map(({ panes }) => panes.length)).toEqual([1, 2, 2, 2, 4]);
  });

  it("keep what is shown when there is more room or less", () => {
    const models = ["super", "personalized", "global"];
    const two = readPanes(["reference", "error:global"]);
    expect(resized(two, 1, models)).toEqual([two[0]]);
    expect(resized(two, 4, models).slice(0, 2)).toEqual(two);
    expect(resized(two, 4, models)).toHaveLength(4);
    expect(resized(SINGLE, 2, models)).toHaveLength(2);
  });
});
