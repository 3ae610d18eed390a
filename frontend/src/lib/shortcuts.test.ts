import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type GroupName, groupOf, keyWords, mayAct, type Press, pressed, SHORTCUTS, shortcutOf } from "./shortcuts";

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

function page(html: string): (selector: string) => Element {
  document.body.innerHTML = html;
  return (selector) => document.querySelector(selector) as Element;
}

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

describe("mayAct", () => {
  it("leaves text fields their letters, but not Ctrl with Enter", () => {
    const at = page("<input type=text><input type=radio><button>b</button>");
    expect(mayAct("j", at("input[type=text]"), "caseList", true)).toBe(false);
    expect(mayAct("mod+Enter", at("input[type=text]"), "setup", true)).toBe(true);
    expect(mayAct("j", at("input[type=radio]"), "caseList", true)).toBe(true);
    expect(mayAct("j", at("button"), "caseList", true)).toBe(true);
  });

  it("leaves choices and sliders their arrows", () => {
    const at = page("<input type=radio><div role=slider></div><button>b</button>");
    expect(mayAct("ArrowUp", at("input"), "volume", true)).toBe(false);
    expect(mayAct("Home", at("[role=slider]"), "volume", true)).toBe(false);
    expect(mayAct("ArrowUp", at("button"), "volume", true)).toBe(true);
  });

  it("leaves an open dialog the keyboard", () => {
    const at = page("<div role=dialog aria-modal=true><button>b</button></div>");
    expect(mayAct("j", at("button"), "caseList", true)).toBe(false);
    expect(mayAct("ArrowLeft", at("button"), "caseZoom", true)).toBe(true);
    expect(mayAct("?", at("button"), "everywhere", true)).toBe(true);
  });

  it("lets letters alone be switched off", () => {
    const at = page("<button>b</button>");
    expect(mayAct("j", at("button"), "caseList", false)).toBe(false);
    expect(mayAct("ArrowUp", at("button"), "volume", false)).toBe(true);
  });
});

it("binds no key of a page beside this list", () => {
  const source = join(import.meta.dirname, "..");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
    (name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && name !== "components/useShortcuts.ts",
  );
  const binding = /\buseHotkeys\b|addEventListener\("key/;
  expect(files.filter((name) => binding.test(readFileSync(join(source, name), "utf8")))).toEqual([]);
});
