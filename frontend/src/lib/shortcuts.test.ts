import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type GroupName, groupOf, keyWords, type Press, pressed, SHORTCUTS, shortcutOf } from "./shortcuts";

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

describe("shortcuts", () => {
  it("have no key twice on one page", () => {
    const pages: GroupName[][] = [
      ["everywhere", "caseList", "casePicture", "view", "volume"],
      ["everywhere", "setup"],
    ];
    for (const groups of [...pages, ...Object.keys(SHORTCUTS).map((name) => [name as GroupName])]) {
      const keys = groups.flatMap((name) => Object.values(groupOf(name).shortcuts).flatMap((entry) => entry.keys));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it("know a sign on every keyboard, a letter with Caps Lock, and no letter with Ctrl", () => {
    expect(pressed(press("?", { shiftKey: true }), "?")).toBe(true);
    expect(pressed(press("[", { altKey: true, ctrlKey: true }), "[")).toBe(true);
    expect(pressed(press("J"), "j")).toBe(true);
    expect(pressed(press("j", { ctrlKey: true }), "j")).toBe(false);
    expect(pressed(press("Enter"), "mod+Enter")).toBe(false);
    expect(pressed(press("Enter", { metaKey: true }), "mod+Enter")).toBe(true);
    expect(pressed(press("ArrowUp", { shiftKey: true }), "ArrowUp")).toBe(false);
    expect(pressed(press("ArrowUp", { shiftKey: true }), "shift+ArrowUp")).toBe(true);
    expect(pressed(press("ArrowUp"), "shift+ArrowUp")).toBe(false);
    expect(pressed(press("+", { shiftKey: true }), "+")).toBe(true);
  });

  it("are found by their key", () => {
    expect(shortcutOf("casePicture", press("4"))).toEqual({ name: "views", key: "4" });
    expect(shortcutOf("casePicture", press("3"))).toBeUndefined();
  });

  it("are written as the keys are", () => {
    expect(keyWords("mod+Enter", false)).toEqual(["Ctrl", "Enter"]);
    expect(keyWords("shift+ArrowLeft", false)).toEqual(["Shift", "←"]);
    expect(keyWords("mod+Enter", true)).toEqual(["⌘", "Enter"]);
    expect([...keyWords("j", false), ...keyWords("PageUp", false)]).toEqual(["J", "Page up"]);
  });
});

it("binds no key of a page besides this list", () => {
  const source = join(import.meta.dirname, "..");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && name !== "components/useShortcuts.ts",
  );
  const binding = /\buseHotkeys\b|addEventListener\("key/;
  expect(files.filter((name) => binding.test(readFileSync(join(source, name), "utf8")))).toEqual([]);
});
