import { Button, Group, Kbd, ScrollArea, Select, Stack, Text, UnstyledButton } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import type { FederationRecord, RunCases, ScoredCase, ScoreName } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { CASE_ORDERS, type CaseOrder, caseScore, modelOfCase } from "@/lib/caseScores";
import type { ComparedCase } from "@/lib/differences";
import { plural } from "@/lib/format";
import { formatDifference, formatScore, METRICS, STANDARD_METRIC } from "@/lib/metrics";
import { siteLook } from "@/lib/sites";
import { CaseFilters, NO_FILTERS } from "./CaseFilters";
import classes from "./CasesPage.module.css";
import { SplitChoice, splitWords } from "./SplitChoice";
import type { CasesSearch } from "./search";

interface Props {
  cases: ScoredCase[];
  all: RunCases;
  federation: FederationRecord;
  selected: string | undefined;
  model: string;
  metric: ScoreName;
  search: CasesSearch;
  onSelect: (id: string) => void;
  update: (change: CasesSearch) => void;
  /** Each case against another model, where one is compared with. */
  compared: readonly ComparedCase[] | null;
  /** Stands above the rows. */
  children?: ReactNode;
}

const ALL = "";
const ROW_HEIGHT = 54;
/** The choices are wider than their field. */
const WIDE = { width: "max-content" } as const;
const ORDER_WORDS: Record<CaseOrder, string> = { worst: "Worst first", best: "Best first", name: "By site and name" };
/** Drawn above and below what is in sight. */
const SPARE_ROWS = 4;
/** The height that is assumed before the list is measured. */
const FIRST_HEIGHT = 600;

export function CaseList(props: Props) {
  const { cases, all, federation, search, update } = props;
  const sites = federation.sites.filter((site) => all.cases.some((scored) => scored.site_slug === site.slug));
  return (
    <div className={classes.column}>
      <Stack gap={6}>
        <SplitChoice all={all} update={update} />
        <Select
          size="xs"
          aria-label="Site"
          allowDeselect={false}
          value={search.site ?? ALL}
          onChange={(value) => update({ site: value || undefined })}
          data={[{ value: ALL, label: "All sites" }, ...sites.map((site) => ({ value: site.slug, label: site.name }))]}
        />
        <Group gap={6} grow wrap="nowrap">
          <Select
            size="xs"
            aria-label="Score"
            allowDeselect={false}
            value={props.metric}
            onChange={(value) =>
              update({
                metric: value === STANDARD_METRIC ? undefined : (value as ScoreName),
                from: undefined,
                to: undefined,
              })
            }
            comboboxProps={WIDE}
            data={METRICS.map(({ name, label }) => ({ value: name, label }))}
          />
          <Select
            size="xs"
            aria-label="Structure"
            allowDeselect={false}
            value={search.structure ?? ALL}
            onChange={(value) => update({ structure: value || undefined })}
            comboboxProps={WIDE}
            data={[{ value: ALL, label: "Mean of all" }, ...all.structures]}
          />
        </Group>
        <Select
          size="xs"
          aria-label="Order"
          allowDeselect={false}
          value={search.order ?? "worst"}
          onChange={(value) => update({ order: value === "worst" ? undefined : (value as CaseOrder) })}
          data={CASE_ORDERS.map((order) => ({ value: order, label: ORDER_WORDS[order] }))}
        />
        <CaseFilters {...props} />
        {props.children}
        <Text size="xs" c="dimmed" data-testid="case-count">
          {cases.length === all.cases.length
            ? plural(cases.length, splitWords(all.split))
            : `${cases.length} of ${plural(all.cases.length, splitWords(all.split))}`}{" "}
          · <Kbd size="xs">J</Kbd> next, <Kbd size="xs">K</Kbd> previous
        </Text>
      </Stack>
      {cases.length === 0 ? <NoCase {...props} /> : <Rows {...props} />}
    </div>
  );
}

function NoCase({ update }: Props) {
  return (
    <Stack gap="xs" align="flex-start">
      <Text size="sm">No case has all that is asked for.</Text>
      <Button
        size="xs"
        variant="default"
        onClick={() => update({ ...NO_FILTERS, site: undefined, find: undefined, case: undefined })}
      >
        Show all cases
      </Button>
    </Stack>
  );
}

/** Thousands of cases scroll as quickly as ten: only those in sight are drawn. */
function Rows(props: Props) {
  const { cases, selected, compared } = props;
  const byId = useMemo(() => new Map(compared?.map((entry) => [entry.scored.case_id, entry])), [compared]);
  const viewport = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: cases.length,
    getScrollElement: () => viewport.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: SPARE_ROWS,
    useFlushSync: false,
    initialRect: { width: 0, height: FIRST_HEIGHT },
  });
  const at = cases.findIndex((scored) => scored.case_id === selected);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at);
  }, [at, rows]);
  return (
    <ScrollArea flex={1} mih={0} viewportRef={viewport} type="auto" offsetScrollbars="y">
      <nav aria-label="Cases" style={{ position: "relative", height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start, size }) => {
          const scored = cases[index];
          if (!scored) return null;
          return (
            <div key={scored.case_id} style={{ position: "absolute", insetInline: 0, top: start, height: size }}>
              <Row scored={scored} entry={byId.get(scored.case_id)} {...props} />
            </div>
          );
        })}
      </nav>
    </ScrollArea>
  );
}

/** When a picture cannot be loaded, its place stays empty, because the browser's sign says nothing. */
function hide(event: React.SyntheticEvent<HTMLImageElement>) {
  event.currentTarget.style.visibility = "hidden";
}

interface RowProps extends Props {
  scored: ScoredCase;
  entry: ComparedCase | undefined;
}

/** Plain elements: a dozen new rows come with each frame while one scrolls. */
function Row({ scored, entry, selected, model, metric, search, federation, onSelect }: RowProps) {
  const current = scored.case_id === selected;
  const score = caseScore(scored, modelOfCase(model, scored), search.structure ?? null, metric);
  return (
    <UnstyledButton
      className={classes.row}
      aria-current={current}
      onClick={() => onSelect(scored.case_id)}
      data-case={scored.case_id}
    >
      {scored.thumbnail_url && (
        // biome-ignore lint/a11y/noNoninteractiveElementInteractions: a failed download is nothing that a person does
        <img className={classes.thumb} src={scored.thumbnail_url} alt="" loading="lazy" onError={hide} />
      )}
      <div className={classes.about}>
        <div className={classes.name}>{scored.name}</div>
        <SiteMark {...siteLook(scored.site_slug, federation)} size="xs" />
      </div>
      {entry ? (
        <span className={classes.difference}>
          {formatDifference(entry.difference, metric)}
          <Text size="xs" c="dimmed" span display="block">
            {formatScore(entry.first, metric)} | {formatScore(entry.second, metric)}
          </Text>
        </span>
      ) : (
        <span className={classes.score}>{formatScore(score, metric)}</span>
      )}
    </UnstyledButton>
  );
}
