import { Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { federationsQuery } from "@/api";
import type { ActivitySearch } from "./search";
import { KINDS, LEVELS, SPANS } from "./search";

const TYPING_MS = 300;

interface Props {
  search: ActivitySearch;
  federationsQuery: typeof federationsQuery;
}

/** All of it stands in the URL. */
export function Filters({ search, federationsQuery: query }: Props) {
  const navigate = useNavigate({ from: "/activity" });
  const federations = useQuery(query);
  const set = (changes: Partial<ActivitySearch>) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const setWords = useDebouncedCallback((words: string) => set({ text: words || undefined }), TYPING_MS);
  const setActor = useDebouncedCallback((actor: string) => set({ actor: actor || undefined }), TYPING_MS);
  const filtered = Object.values(search).some((value) => value !== undefined);
  const choices = (federations.data ?? []).map(({ id, name }) => ({ value: id, label: name }));
  // The address may name one that is deleted, or that is not loaded yet: without a name the field would say "All".
  if (search.federation && !choices.some(({ value }) => value === search.federation)) {
    choices.push({ value: search.federation, label: federations.isPending ? "Loading…" : "Not known" });
  }
  return (
    <Group align="flex-end" gap="sm">
      <TextInput
        label="Words"
        placeholder="In the message"
        defaultValue={search.text ?? ""}
        onChange={(event) => setWords(event.currentTarget.value.trim())}
        key={search.text === undefined ? "no words" : "words"}
        w={220}
      />
      <Select
        label="About"
        placeholder="All but steps of runs"
        clearable
        data={KINDS}
        value={search.kind ?? null}
        onChange={(kind) => set({ kind: (kind as ActivitySearch["kind"]) ?? undefined })}
        w={210}
      />
      <Select
        label="Level"
        placeholder="All"
        clearable
        data={LEVELS}
        value={search.level ?? null}
        onChange={(level) => set({ level: (level as ActivitySearch["level"]) ?? undefined })}
        w={190}
      />
      <TextInput
        label="Who"
        placeholder="A user or worker"
        defaultValue={search.actor ?? ""}
        onChange={(event) => setActor(event.currentTarget.value.trim())}
        key={search.actor === undefined ? "nobody" : "somebody"}
        w={160}
      />
      <Select
        label="Federation"
        placeholder="All"
        clearable
        searchable
        data={choices}
        value={search.federation ?? null}
        onChange={(federation) => set({ federation: federation ?? undefined })}
        w={220}
      />
      <Select
        label="When"
        placeholder="Always"
        clearable
        data={SPANS.map(({ value, label }) => ({ value, label }))}
        value={search.span ?? null}
        onChange={(span) => set({ span: (span as ActivitySearch["span"]) ?? undefined })}
        w={150}
      />
      {filtered && (
        <Button variant="subtle" onClick={() => void navigate({ search: {}, replace: true })}>
          Clear
        </Button>
      )}
    </Group>
  );
}
