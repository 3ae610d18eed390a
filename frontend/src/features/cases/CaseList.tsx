import { Badge, Kbd, ScrollArea, Select, Stack, Text, UnstyledButton } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { FederationRecord, RunCases, ScoredCase, ScoreName } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { caseScore, modelOfCase } from "@/lib/cases";
import { plural } from "@/lib/format";
import { formatScore, METRICS } from "@/lib/metrics";
import classes from "./CasesPage.module.css";

interface Props {
  cases: ScoredCase[];
  all: RunCases;
  federation: FederationRecord;
  selected: string | undefined;
  model: string;
  metric: ScoreName;
  structure: string | undefined;
  site: string | undefined;
  onSelect: (id: string) => void;
  onMetric: (metric: ScoreName) => void;
  onStructure: (structure: string | undefined) => void;
  onSite: (site: string | undefined) => void;
}

const ALL = "";

export function CaseList(props: Props) {
  const { cases, all, federation } = props;
  const sites = federation.sites.filter((site) => all.cases.some((scored) => scored.site_slug === site.slug));
  return (
    <div className={classes.column}>
      <Stack gap={6}>
        <Select
          size="xs"
          aria-label="Site"
          allowDeselect={false}
          value={props.site ?? ALL}
          onChange={(value) => props.onSite(value || undefined)}
          data={[{ value: ALL, label: "All sites" }, ...sites.map((site) => ({ value: site.slug, label: site.name }))]}
        />
        <Select
          size="xs"
          aria-label="Score"
          allowDeselect={false}
          value={props.metric}
          onChange={(value) => props.onMetric(value as ScoreName)}
          data={METRICS.map(({ name, label }) => ({ value: name, label }))}
        />
        <Select
          size="xs"
          aria-label="Sort by"
          allowDeselect={false}
          value={props.structure ?? ALL}
          onChange={(value) => props.onStructure(value || undefined)}
          data={[
            { value: ALL, label: "Worst mean first" },
            ...all.structures.map((name) => ({ value: name, label: `Worst ${name} first` })),
          ]}
        />
        <Text size="xs" c="dimmed">
          {plural(cases.length, "test case")} · <Kbd size="xs">J</Kbd> next, <Kbd size="xs">K</Kbd> previous
        </Text>
      </Stack>
      <ScrollArea flex={1} mih={0} type="auto" offsetScrollbars="y">
        <Stack gap={2} component="nav" aria-label="Cases">
          {cases.map((scored) => (
            <Row key={scored.case_id} scored={scored} {...props} />
          ))}
        </Stack>
      </ScrollArea>
    </div>
  );
}

function Row({ scored, selected, model, metric, structure, federation, onSelect }: Props & { scored: ScoredCase }) {
  const current = scored.case_id === selected;
  const element = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (current) element.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const site = federation.sites.find((entry) => entry.slug === scored.site_slug);
  const score = caseScore(scored, modelOfCase(model, scored), structure ?? null, metric);
  return (
    <UnstyledButton
      ref={element}
      className={classes.row}
      aria-current={current}
      onClick={() => onSelect(scored.case_id)}
      data-case={scored.case_id}
    >
      {scored.thumbnail_url && <img className={classes.thumb} src={scored.thumbnail_url} alt="" loading="lazy" />}
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text size="sm" truncate>
          {scored.name}
        </Text>
        <SiteMark position={site?.position ?? 0} name={site?.name ?? scored.site_slug} size="xs" />
      </div>
      <Badge variant="default" size="md">
        {formatScore(score, metric)}
      </Badge>
    </UnstyledButton>
  );
}
