import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Indicator,
  NumberInput,
  Popover,
  Select,
  Stack,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconDownload, IconFilter } from "@tabler/icons-react";
import type { FederationRecord, RunCases, ScoredCase, ScoreName } from "@/api";
import { METRICS } from "@/lib/metrics";
import { saveText } from "@/lib/save";
import { siteName } from "@/lib/sites";
import { modelName } from "@/lib/words";
import { casesCsv } from "./cases";
import type { CasesSearch } from "./search";

const TYPED_MS = 250;
const ANY = "";
/** Clears the filters of the popover; site and name stand above it. */
export const NO_FILTERS = { used: undefined, wrong: undefined, from: undefined, to: undefined } as const;

const csvName = (all: RunCases) => (all.split === "val" ? "validation-cases.csv" : "cases.csv");

interface Props {
  cases: ScoredCase[];
  all: RunCases;
  federation: FederationRecord;
  metric: ScoreName;
  search: CasesSearch;
  update: (change: CasesSearch) => void;
}

/** What is looked for among the cases, and their scores as a file. */
export function CaseFilters(props: Props) {
  const { cases, all, federation, search, update, metric } = props;
  const find = useDebouncedCallback((text: string) => update({ find: text || undefined }), TYPED_MS);
  const used = [...new Set(all.cases.flatMap((scored) => scored.chosen_model ?? []))].sort();
  const nameOf = (slug: string) => siteName(federation, slug);
  const number = (value: string | number) => (typeof value === "number" ? value : undefined);
  const active = [search.used, search.wrong, search.from, search.to].filter((value) => value !== undefined).length;
  const label = METRICS.find(({ name }) => name === metric)?.label;
  return (
    <Group gap={6} wrap="nowrap">
      <TextInput
        size="xs"
        flex={1}
        aria-label="Find a case by its name"
        placeholder="Find a case"
        defaultValue={search.find}
        onChange={(event) => find(event.currentTarget.value)}
      />
      <Popover position="bottom-start" withArrow>
        <Indicator disabled={active === 0} label={active} size={16}>
          <Popover.Target>
            <ActionIcon variant="default" size={30} aria-label="Filter the cases">
              <IconFilter size={16} aria-hidden />
            </ActionIcon>
          </Popover.Target>
        </Indicator>
        <Popover.Dropdown w={260}>
          <Stack gap="xs">
            {used.length > 0 && (
              <>
                <Select
                  size="xs"
                  label="Model that the super model used"
                  allowDeselect={false}
                  comboboxProps={{ withinPortal: false }}
                  value={search.used ?? ANY}
                  onChange={(value) => update({ used: value || undefined })}
                  data={[
                    { value: ANY, label: "Any" },
                    ...used.map((model) => ({ value: model, label: modelName(model, nameOf) })),
                  ]}
                />
                <Checkbox
                  size="xs"
                  label="Routed to another site's model"
                  checked={search.wrong === true}
                  onChange={(event) => update({ wrong: event.currentTarget.checked || undefined })}
                />
              </>
            )}
            <Group gap="xs" grow>
              <NumberInput
                size="xs"
                label={`${label} from`}
                step={0.05}
                value={search.from ?? ""}
                onChange={(value) => update({ from: number(value) })}
              />
              <NumberInput
                size="xs"
                label="to"
                step={0.05}
                value={search.to ?? ""}
                onChange={(value) => update({ to: number(value) })}
              />
            </Group>
            <Button size="xs" variant="default" disabled={active === 0} onClick={() => update(NO_FILTERS)}>
              Take these filters away
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <Tooltip label="Scores of these cases as CSV">
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Scores of these cases as CSV"
          disabled={cases.length === 0}
          onClick={() => saveText(casesCsv(cases, all.models), csvName(all), "text/csv")}
        >
          <IconDownload size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
