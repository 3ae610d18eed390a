import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// The usual second is less than a page takes on a machine that does much else.
configure({ asyncUtilTimeout: 60_000 });
afterEach(cleanup);

// jsdom lacks what Mantine asks the browser for.
Object.defineProperty(window, "matchMedia", {
  value: (query: string) => ({
    matches: false,
    media: query,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  }),
});
// It has one that only reports that it is not implemented; the router calls it after each navigation.
window.scrollTo = () => {};
// It lacks this one; an opened list calls it for the chosen option, a moment later.
Element.prototype.scrollIntoView = () => {};
// A text area that grows measures itself again when fonts arrive.
Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
class ResizeObserverStub {
  observe() {}
  unobserve() {}
  disconnect() {}
}
window.ResizeObserver = ResizeObserverStub;
