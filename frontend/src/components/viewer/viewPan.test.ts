import { expect, it } from "vitest";
import { centreOf, movedFrom, type Pan, SHOW_ALL, turned, zoomedAbout } from "./viewPan";

/** Where a point lies, in mm of the view that shows all. */
const placeOf = (pan: Readonly<Pan>, point: readonly number[]) =>
  point.map((value, axis) => value * pan[3] + (pan[axis] as number));

it("keeps the point in its place while zooming", () => {
  const point = [12, -7, 30] as const;
  const once = zoomedAbout(SHOW_ALL, 1.5, point);
  const twice = zoomedAbout(once, 1.5, point);
  expect(twice[3]).toBeCloseTo(2.25);
  for (const [axis, value] of placeOf(twice, point).entries()) expect(value).toBeCloseTo(point[axis] as number);
  const back = zoomedAbout(twice, 1 / 2.25, point);
  for (const [at, value] of back.entries()) expect(value).toBeCloseTo(SHOW_ALL[at] as number);
});

it("stops where nothing more would be seen", () => {
  expect(zoomedAbout(SHOW_ALL, 1e6, [1, 1, 1])[3]).toBe(20);
  expect(zoomedAbout(SHOW_ALL, 1e-6, [1, 1, 1])[3]).toBe(0.5);
});

it("finds the middle of the view again after zooming about it", () => {
  const middle = [50, 60, 8] as const;
  const moved = movedFrom(zoomedAbout(SHOW_ALL, 2, middle), [40, 60, 8], [50, 60, 8]);
  expect(centreOf(moved, middle)).toEqual([40, 60, 8]);
  expect(centreOf(zoomedAbout(moved, 3, [40, 60, 8]), middle)).toEqual([40, 60, 8]);
});

it("turns all the way round, and tilts no further than from above or below", () => {
  expect(turned(350, 80, 20, 20)).toEqual([10, 90]);
  expect(turned(5, -85, -20, -20)).toEqual([345, -90]);
});
