import { beforeEach, expect, test, vi } from "vitest";
import { drawWithFrame, forgetDrawing } from "./frames";

let frames: FrameRequestCallback[] = [];

beforeEach(() => {
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
  return () => vi.unstubAllGlobals();
});

function nextFrame() {
  const now = frames;
  frames = [];
  for (const frame of now) frame(0);
}

test("what is asked for several times is drawn once, with the next frame", () => {
  const draw = vi.fn();
  for (let time = 0; time < 4; time += 1) drawWithFrame(draw);
  expect(draw).not.toHaveBeenCalled();
  nextFrame();
  nextFrame();
  expect(draw).toHaveBeenCalledTimes(1);
});

test("a linked view is drawn in the same frame", () => {
  const linked = vi.fn();
  drawWithFrame(() => drawWithFrame(linked));
  nextFrame();
  expect(linked).toHaveBeenCalledTimes(1);
});

test("a view that is gone is not drawn, and one that fails keeps no other from being drawn", () => {
  const [gone, other] = [vi.fn(), vi.fn()];
  drawWithFrame(gone);
  forgetDrawing(gone);
  drawWithFrame(() => {
    throw new Error("no context");
  });
  drawWithFrame(other);
  expect(nextFrame).toThrow("no context");
  nextFrame();
  expect(gone).not.toHaveBeenCalled();
  expect(other).toHaveBeenCalledTimes(1);
});
