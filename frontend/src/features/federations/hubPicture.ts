/** Where the coordinator and the sites stand in the picture of a federation: hub and spokes, in pixels. */

export interface HubNode {
  x: number;
  y: number;
  radius: number;
  side: "left" | "right";
  /** The width for a label: from the node's outer edge to that of the picture. */
  labelWidth: number;
}

export interface HubPicture {
  width: number;
  height: number;
  hub: { x: number; y: number; radius: number };
  /** Pixels between two nodes of one side. */
  gap: number;
  nodes: HubNode[];
}

const HUB_RADIUS = 54;
const MIN_NODE_RADIUS = 8;
const MAX_NODE_RADIUS = 24;
const MIN_GAP = 46;
const MAX_GAP = 112;
const COMFORTABLE_HEIGHT = 480;
const MIN_HEIGHT = 280;
const LABEL_DISTANCE = 10;
/** From this number of sites on, names need the width more than spokes do. */
const MANY = 10;
/** Nodes keep at least this share of the arc's width from the hub's middle. */
const MIN_REACH = 0.62;

/**
 * Sites go round clockwise from the top, half of them on each side, so that every label has its own line: the picture
 * grows higher with the number of sites, never fuller. cases: of each site; a node's area tells them.
 */
export function hubPicture(cases: readonly number[], width: number): HubPicture {
  const onRight = Math.ceil(cases.length / 2);
  const rows = Math.max(onRight, 1);
  const gap = Math.min(MAX_GAP, Math.max(MIN_GAP, COMFORTABLE_HEIGHT / rows));
  const height = Math.max(MIN_HEIGHT, rows * gap + 24);
  const hub = { x: width / 2, y: height / 2, radius: HUB_RADIUS };
  const reach = Math.min(width * (cases.length > MANY ? 0.19 : 0.25), 300);
  const most = Math.max(1, ...cases);
  const largest = Math.min(MAX_NODE_RADIUS, gap / 2 - 3);
  const nodes = cases.map((count, index): HubNode => {
    const side = index < onRight ? "right" : "left";
    const onSide = side === "right" ? onRight : cases.length - onRight;
    const row = side === "right" ? index : cases.length - 1 - index;
    const offset = (row - (onSide - 1) / 2) * gap;
    const bend = Math.sqrt(1 - Math.min(1, (2 * offset) / height) ** 2);
    const away = reach * Math.max(MIN_REACH, bend);
    const x = side === "right" ? hub.x + away : hub.x - away;
    const radius = MIN_NODE_RADIUS + (largest - MIN_NODE_RADIUS) * Math.sqrt(count / most);
    const free = side === "right" ? width - x : x;
    return { x, y: hub.y + offset, radius, side, labelWidth: free - radius - LABEL_DISTANCE };
  });
  return { width, height, hub, gap, nodes };
}
