/**
 * What part of an image a view shows. NiiVue puts the point p (mm) where p * zoom + pan (mm) lies in the view that shows
 * all of the image.
 */

/** x, y, z in mm, and the zoom: 1 shows all. */
export type Pan = [number, number, number, number];
type Point = readonly [number, number, number];

export const SHOW_ALL: Readonly<Pan> = [0, 0, 0, 1];
const MIN_ZOOM = 0.5;
const MAX_ZOOM = 20;
/** Degrees that a 3D view can be tilted to each side. */
const MAX_TILT = 90;

/** Zoomed by the factor; the point stays where it is on screen. */
export function zoomedAbout(pan: Readonly<Pan>, factor: number, point: Point): Pan {
  const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, pan[3] * factor));
  const moved = (axis: 0 | 1 | 2) => pan[axis] + point[axis] * (pan[3] - zoom);
  return [moved(0), moved(1), moved(2), zoom];
}

/** What is at `from` comes to where `to` is now. */
export function movedFrom(pan: Readonly<Pan>, from: Point, to: Point): Pan {
  const moved = (axis: 0 | 1 | 2) => pan[axis] + pan[3] * (to[axis] - from[axis]);
  return [moved(0), moved(1), moved(2), pan[3]];
}

/** The point in the middle of the view. middle: of the image. */
export function centreOf(pan: Readonly<Pan>, middle: Point): [number, number, number] {
  const at = (axis: 0 | 1 | 2) => (middle[axis] - pan[axis]) / pan[3];
  return [at(0), at(1), at(2)];
}

/** Azimuth and elevation in degrees after a turn to the right and upwards. */
export function turned(azimuth: number, elevation: number, right: number, up: number): [number, number] {
  const around = (((azimuth + right) % 360) + 360) % 360;
  return [around, Math.min(MAX_TILT, Math.max(-MAX_TILT, elevation + up))];
}
