import { type Stair, stairWords } from "@/lib/gapStairs";
import classes from "./GapPicture.module.css";

/** The picture of the gap. Its numbers stand at the stairs and in the table below it. */
export function GapPicture({ stairs, label }: { stairs: readonly Stair[]; label: string }) {
  return (
    <div role="img" aria-label={`${label}: ${stairWords(stairs)}`} className={classes.stairs} data-testid="gap-stairs">
      {stairs.map((stair, place) => (
        <div key={stair.key} className={classes.column} aria-hidden>
          <div className={classes.plot}>
            {stair.from !== null && <div className={classes.from} style={{ bottom: percent(stair.from) }} />}
            <div
              className={classes.bar}
              data-kind={stair.kind}
              style={{ bottom: percent(stair.bottom), height: percent(stair.top - stair.bottom) }}
            />
            {stair.whisker && (
              <div
                className={classes.whisker}
                style={{ bottom: percent(stair.whisker[0]), height: percent(stair.whisker[1] - stair.whisker[0]) }}
              />
            )}
            <div className={classes.value} data-kind={stair.kind} style={{ bottom: percent(highest(stair)) }}>
              {stair.text}
            </div>
          </div>
          <div className={classes.label} data-kind={stair.kind} data-last={place === stairs.length - 1}>
            {stair.label}
          </div>
        </div>
      ))}
    </div>
  );
}

function highest({ top, whisker }: Stair): number {
  return Math.max(top, whisker?.[1] ?? 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}
