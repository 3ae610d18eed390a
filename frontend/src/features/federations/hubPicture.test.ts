import { describe, expect, it } from "vitest";
import { hubPicture } from "./hubPicture";

describe("hubPicture", () => {
  it("puts two sites right and left of the coordinator", () => {
    const { hub, nodes } = hubPicture([10, 10], 1000);
    expect(nodes.map(({ side }) => side)).toEqual(["right", "left"]);
    expect(nodes.map(({ y }) => y)).toEqual([hub.y, hub.y]);
    expect((nodes[0]?.x ?? 0) - hub.x).toBe(hub.x - (nodes[1]?.x ?? 0));
  });

  it("goes round clockwise: down on the right, up on the left", () => {
    const { nodes } = hubPicture([1, 1, 1, 1], 1000);
    const [first, second, third, fourth] = nodes;
    expect([first?.side, second?.side, third?.side, fourth?.side]).toEqual(["right", "right", "left", "left"]);
    expect(first?.y).toBeLessThan(second?.y ?? 0);
    expect(fourth?.y).toBeLessThan(third?.y ?? 0);
  });

  it.each([2, 3, 8, 15, 30])("keeps %i sites apart, inside the picture and off the coordinator", (count) => {
    const { nodes, height, hub, width } = hubPicture(
      Array.from({ length: count }, (_, index) => index),
      900,
    );
    for (const side of ["left", "right"] as const) {
      const ys = nodes.filter((node) => node.side === side).map(({ y }) => y);
      const sorted = [...ys].sort((left, right) => left - right);
      for (const [index, y] of sorted.entries()) {
        if (index > 0) expect(y - (sorted[index - 1] ?? 0)).toBeGreaterThanOrEqual(46);
      }
    }
    for (const node of nodes) {
      expect(node.y - node.radius).toBeGreaterThanOrEqual(0);
      expect(node.y + node.radius).toBeLessThanOrEqual(height);
      expect(Math.hypot(node.x - hub.x, node.y - hub.y)).toBeGreaterThan(hub.radius + node.radius);
      expect(node.labelWidth).toBeGreaterThan(150);
      expect(node.labelWidth).toBeLessThan(width / 2);
    }
  });

  it("tells cases by area: four times the cases, twice what the radius is above the smallest", () => {
    const [few, many, none] = hubPicture([25, 100, 0], 1000).nodes.map(({ radius }) => radius - 8);
    expect(many).toBeCloseTo(2 * (few ?? 0));
    expect(none).toBe(0);
  });
});
