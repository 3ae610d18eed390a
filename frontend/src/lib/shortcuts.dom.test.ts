import { afterEach, describe, expect, it } from "vitest";
import { mayAct } from "./shortcuts";

// The next file's tests have the same document.
afterEach(() => document.body.replaceChildren());

function page(html: string): (selector: string) => Element {
  document.body.innerHTML = html;
  return (selector) => document.querySelector(selector) as Element;
}

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
