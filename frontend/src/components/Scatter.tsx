import { Button, Group, Text } from "@mantine/core";
import { useRef, useState } from "react";
import type { FederationRecord, ScoreName } from "@/api";
import { type Brush, type ComparedCase, inBrush } from "@/lib/differences";
import { formatScore } from "@/lib/metrics";
import { siteColour } from "@/lib/palette";
import { siteLook } from "@/lib/sites";
import classes from "./Scatter.module.css";

interface Props {
  cases: readonly ComparedCase[];
  metric: ScoreName;
  federation: FederationRecord;
  /** Names of the models along and up. */
  first: string;
  second: string;
  selected: string | undefined;
  brush: Brush | undefined;
  onBrush: (brush: Brush | undefined) => void;
  onSelect: (id: string) => void;
}

const SIDE = 230;
const EDGE = 26;
/** A shorter movement of the mouse is a click. */
const LEAST_DRAG = 4;

interface Point {
  x: number;
  y: number;
}

/** One model's score of each case against the other's: above the line the second is higher. A drag keeps a part. */
export function Scatter(props: Props) {
  const { cases, metric, federation, selected, brush, onBrush, onSelect } = props;
  const picture = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<[Point, Point] | null>(null);
  const both = cases.flatMap(({ scored, first, second, difference }) =>
    first === null || second === null ? [] : [{ scored, first, second, difference }],
  );
  const values = both.flatMap(({ first, second }) => [first, second]);
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const span = high - low || 1;
  const from = low - span * 0.04;
  const scale = (SIDE - EDGE - 6) / (span * 1.08);
  const along = (value: number) => EDGE + (value - from) * scale;
  const up = (value: number) => SIDE - along(value);
  const valueAlong = (x: number) => (x - EDGE) / scale + from;
  const pointOf = (event: React.PointerEvent): Point => {
    const box = picture.current?.getBoundingClientRect();
    const ratio = box ? SIDE / box.width : 1;
    return { x: (event.clientX - (box?.left ?? 0)) * ratio, y: (event.clientY - (box?.top ?? 0)) * ratio };
  };
  const onUp = () => {
    if (!drag) return;
    const [one, other] = drag;
    setDrag(null);
    if (Math.abs(one.x - other.x) < LEAST_DRAG && Math.abs(one.y - other.y) < LEAST_DRAG) return;
    const xs = [valueAlong(one.x), valueAlong(other.x)].sort((left, right) => left - right);
    const ys = [valueAlong(SIDE - one.y), valueAlong(SIDE - other.y)].sort((left, right) => left - right);
    onBrush([xs[0] ?? 0, xs[1] ?? 0, ys[0] ?? 0, ys[1] ?? 0]);
  };
  const position = (slug: string) => siteLook(slug, federation).position;
  return (
    <div>
      <svg
        ref={picture}
        viewBox={`0 0 ${SIDE} ${SIDE}`}
        className={classes.picture}
        role="img"
        aria-label={`Scores of ${both.length} cases: ${props.first} along, ${props.second} up. The list has every number.`}
        data-testid="scatter"
        onPointerDown={(event) => {
          const point = pointOf(event);
          setDrag([point, point]);
        }}
        onPointerMove={(event) => drag && setDrag([drag[0], pointOf(event)])}
        onPointerUp={onUp}
        onPointerLeave={() => setDrag(null)}
      >
        <rect x={EDGE} y={6} width={SIDE - EDGE - 6} height={SIDE - EDGE - 6} className={classes.frame} />
        <line x1={along(low)} y1={up(low)} x2={along(high)} y2={up(high)} className={classes.equal} />
        {both.map((entry) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the list next to it opens the same cases by keyboard
          <circle
            key={entry.scored.case_id}
            cx={along(entry.first)}
            cy={up(entry.second)}
            r={entry.scored.case_id === selected ? 6 : 3.5}
            fill={siteColour(position(entry.scored.site_slug))}
            className={classes.point}
            data-out={!inBrush(entry, brush)}
            data-selected={entry.scored.case_id === selected}
            data-case={entry.scored.case_id}
            onClick={() => onSelect(entry.scored.case_id)}
          >
            <title>
              {entry.scored.name}: {formatScore(entry.first, metric)} and {formatScore(entry.second, metric)}
            </title>
          </circle>
        ))}
        {drag && (
          <rect
            className={classes.brush}
            x={Math.min(drag[0].x, drag[1].x)}
            y={Math.min(drag[0].y, drag[1].y)}
            width={Math.abs(drag[0].x - drag[1].x)}
            height={Math.abs(drag[0].y - drag[1].y)}
          />
        )}
        {brush && !drag && (
          <rect
            className={classes.brush}
            x={along(brush[0])}
            y={up(brush[3])}
            width={(brush[1] - brush[0]) * scale}
            height={(brush[3] - brush[2]) * scale}
          />
        )}
        <text x={EDGE} y={SIDE - 12} className={classes.label}>
          {formatScore(low, metric)}
        </text>
        <text x={SIDE - 6} y={SIDE - 12} textAnchor="end" className={classes.label}>
          {formatScore(high, metric)}
        </text>
        <text x={(SIDE + EDGE) / 2} y={SIDE - 2} textAnchor="middle" className={classes.label}>
          {props.first} →
        </text>
        <text
          transform={`translate(12 ${(SIDE - EDGE) / 2}) rotate(-90)`}
          textAnchor="middle"
          className={classes.label}
        >
          {props.second} →
        </text>
      </svg>
      <Group justify="space-between" wrap="nowrap" gap={6}>
        <Text size="xs" c="dimmed">
          On the line both are equal. Drag to keep a part.
        </Text>
        {brush && (
          <Button size="compact-xs" variant="default" onClick={() => onBrush(undefined)}>
            All
          </Button>
        )}
      </Group>
    </div>
  );
}
