import { Button, Group, Text } from "@mantine/core";
import { IconArrowDown, IconChevronUp } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { EventRecord, FederationRecord } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { notifyError } from "@/components/notify";
import { formatDateTime, formatTime } from "@/lib/format";
import classes from "./Log.module.css";
import { chunksOf } from "./logChunks";
import { participantName } from "./participants";
import { loadEarlierLog, runLogQuery } from "./queries";
import type { LogFilters } from "./search";

interface Props {
  filters: LogFilters;
  federation: FederationRecord;
  height: number;
  empty: string;
  /** Hides the columns of site and round. */
  compact?: boolean;
}

/** A scrolled list that follows the newest line until one scrolls up. */
export function LogLines(props: Props) {
  const client = useQueryClient();
  const query = useQuery(runLogQuery(props.filters, client));
  return (
    <Loaded query={query} skeleton={<RowsSkeleton rows={4} height={20} />}>
      {({ lines, hasEarlier }) =>
        lines.length === 0 ? (
          <Text size="sm" c="dimmed">
            {props.empty}
          </Text>
        ) : (
          <Scrolled {...props} lines={lines} hasEarlier={hasEarlier} />
        )
      }
    </Loaded>
  );
}

/** A distance to the end that still counts as the end. */
const NEAR_PX = 24;

function Scrolled({ lines, hasEarlier, filters, ...props }: Props & { lines: EventRecord[]; hasEarlier: boolean }) {
  const client = useQueryClient();
  const box = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  const [seen, setSeen] = useState<number>();
  const chunks = useMemo(() => chunksOf(lines), [lines]);
  const newest = lines.at(-1)?.id;
  const earlier = useMutation({
    mutationFn: () => loadEarlierLog(filters, client),
    onError: (error) => notifyError("Earlier lines were not loaded", error),
  });
  useLayoutEffect(() => {
    if (follow && newest !== undefined) toEnd(box.current);
  }, [follow, newest]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current as HTMLDivElement;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (atEnd === follow) return;
    setFollow(atEnd);
    setSeen(newest);
  };
  const numNew = follow || seen === undefined ? 0 : lines.filter((line) => line.id > seen).length;
  return (
    <div className={classes.frame}>
      {/* A region that scrolls can be reached by keyboard. */}
      <div
        ref={box}
        className={classes.box}
        style={{ maxHeight: props.height }}
        role="log"
        aria-live="off"
        aria-label="Log lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        tabIndex={0}
        onWheel={(event) => event.deltaY < 0 && setFollow(false)}
        onScroll={onScroll}
      >
        {hasEarlier && (
          <Group justify="center" p={4}>
            <Button
              size="compact-xs"
              variant="subtle"
              loading={earlier.isPending}
              onClick={() => earlier.mutate()}
              leftSection={<IconChevronUp size={14} aria-hidden />}
            >
              Load earlier lines
            </Button>
          </Group>
        )}
        {chunks.map((chunk) => (
          <Chunk
            key={chunk.key}
            lines={chunk.lines}
            sum={chunk.sum}
            federation={props.federation}
            compact={props.compact ?? false}
          />
        ))}
      </div>
      {!follow && (
        <Button
          className={classes.newest}
          size="compact-sm"
          leftSection={<IconArrowDown size={14} aria-hidden />}
          onClick={() => setFollow(true)}
        >
          {numNew > 0 ? `Follow (${numNew} new)` : "Follow"}
        </Button>
      )}
    </div>
  );
}

/** Twice: the heights of lines that had not been drawn are known only once they are. */
function toEnd(box: HTMLElement | null) {
  if (!box) return;
  box.scrollTop = box.scrollHeight;
  requestAnimationFrame(() => {
    box.scrollTop = box.scrollHeight;
  });
}

/** The site and round of a task's step have columns of their own here. */
function withoutPlace(line: EventRecord): string {
  const place = `, round ${line.round}, ${line.site_slug}: `;
  const at = line.kind === "task" ? line.message.indexOf(place) : -1;
  return at < 0 ? line.message : line.message.slice(at + place.length);
}

interface ChunkProps {
  lines: EventRecord[];
  /** Changes with the lines. */
  sum: string;
  federation: FederationRecord;
  compact: boolean;
}

/** Rendered once; the browser draws it only while it is in view. */
const Chunk = memo(
  ({ lines, federation, compact }: ChunkProps) => (
    <div className={classes.chunk} style={{ containIntrinsicSize: `auto ${lines.length * 20}px` }}>
      {lines.map((line) => (
        <div key={line.id} className={classes.line} data-level={line.level} data-compact={compact}>
          <span className={classes.time} title={formatDateTime(line.at)}>
            {formatTime(line.at)}
          </span>
          <span className={classes.level}>{line.level === "info" ? "" : line.level}</span>
          {!compact && (
            <>
              <span className={classes.site} title={line.site_slug ?? ""}>
                {line.site_slug ? participantName(line.site_slug, federation) : ""}
              </span>
              <span className={classes.round}>{line.round === null ? "" : `round ${line.round}`}</span>
            </>
          )}
          <span className={classes.message}>{withoutPlace(line)}</span>
        </div>
      ))}
    </div>
  ),
  (before, after) => before.sum === after.sum && before.compact === after.compact,
);
