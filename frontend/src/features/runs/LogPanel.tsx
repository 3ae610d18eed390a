import { Button, Card, Group, NumberInput, Select, Stack, TextInput, Title } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconDownload, IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { FederationRecord, RunRecord } from "@/api";
import { DownloadButton } from "@/components/links";
import { LogLines } from "./LogLines";
import { logFileUrl, logFilters, type RunSearch } from "./search";
import { useRunSearch } from "./useRunSearch";

const LEVELS = [
  { value: "warning", label: "Warnings and errors" },
  { value: "error", label: "Errors" },
];
const KINDS = [
  { value: "all", label: "Everything" },
  { value: "log", label: "What workers say" },
];
const NO_FILTERS: RunSearch = {
  logSite: undefined,
  logLevel: undefined,
  logRound: undefined,
  logText: undefined,
  logKind: undefined,
};

/** What happened at every site, filtered; the filters are in the address. */
export function LogPanel({ run, federation }: { run: RunRecord; federation: FederationRecord }) {
  const [search, change] = useRunSearch();
  const filters = logFilters(run.id, search);
  const filtered = [search.logSite, search.logLevel, search.logRound, search.logText, search.logKind].some(
    (value) => value !== undefined,
  );
  return (
    <Card withBorder data-testid="log">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Log
          </Title>
          <Group gap="xs">
            {filtered && (
              <Button size="xs" variant="subtle" onClick={() => change(NO_FILTERS)}>
                Show everything
              </Button>
            )}
            <DownloadButton
              size="xs"
              variant="default"
              href={logFileUrl(filters)}
              leftSection={<IconDownload size={14} aria-hidden />}
            >
              Download as text
            </DownloadButton>
          </Group>
        </Group>
        <Filters search={search} change={change} run={run} federation={federation} />
        <LogLines
          key={JSON.stringify(filters)}
          filters={filters}
          federation={federation}
          height={380}
          empty={filtered ? "No line fits these filters: show everything, or widen them." : "Nothing has happened yet."}
        />
      </Stack>
    </Card>
  );
}

interface FilterProps {
  search: RunSearch;
  change: (next: RunSearch) => void;
  run: RunRecord;
  federation: FederationRecord;
}

function Filters({ search, change, run, federation }: FilterProps) {
  const sites = [
    { value: "coordinator", label: "Coordinator" },
    ...federation.sites.map((site) => ({ value: site.slug, label: site.name })),
  ];
  return (
    <Group gap="xs" wrap="wrap">
      <Select
        size="xs"
        w={200}
        aria-label="Site of the log"
        placeholder="All sites"
        clearable
        searchable
        data={sites}
        value={search.logSite ?? null}
        onChange={(site) => change({ logSite: site ?? undefined })}
      />
      <Select
        size="xs"
        w={170}
        aria-label="Level of the log"
        placeholder="All levels"
        clearable
        data={LEVELS}
        value={search.logLevel ?? null}
        onChange={(level) => change({ logLevel: (level as RunSearch["logLevel"]) ?? undefined })}
      />
      <NumberInput
        size="xs"
        w={110}
        aria-label="Round of the log"
        placeholder="All rounds"
        min={0}
        max={run.num_rounds}
        allowDecimal={false}
        value={search.logRound ?? ""}
        onChange={(round) => change({ logRound: typeof round === "number" ? round : undefined })}
      />
      <Select
        size="xs"
        w={160}
        aria-label="Kind of lines"
        allowDeselect={false}
        data={KINDS}
        value={search.logKind ?? "all"}
        onChange={(kind) => change({ logKind: kind === "log" ? "log" : undefined })}
      />
      <SearchField text={search.logText} onChange={(text) => change({ logText: text })} />
    </Group>
  );
}

/** Typed at once, asked for when the typing pauses. */
function SearchField({ text, onChange }: { text: string | undefined; onChange: (text: string | undefined) => void }) {
  const [typed, setTyped] = useState(text ?? "");
  useEffect(() => setTyped(text ?? ""), [text]);
  const settle = useDebouncedCallback((next: string) => onChange(next.trim() || undefined), 300);
  return (
    <TextInput
      size="xs"
      flex={1}
      miw={160}
      maw={320}
      aria-label="Text of the log"
      placeholder="Words in the line"
      leftSection={<IconSearch size={14} aria-hidden />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
    />
  );
}
