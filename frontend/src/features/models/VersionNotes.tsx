import { Button, Card, Collapse, Group, Stack, Text, Textarea, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, registeredModelsQuery, unwrap, type VersionRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Isolated } from "@/components/Isolated";
import { notifyError } from "@/components/notify";
import { formatDateTime } from "@/lib/format";
import { versionQuery } from "./queries";

/** What people say of a version; the card around it is the run's. */
export function VersionNotes({ version }: { version: VersionRecord }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const save = useMutation({
    mutationFn: (notes: string) =>
      unwrap(api.updateModelVersion({ path: { version_id: version.id }, body: { notes } })),
    onSuccess: async (found) => {
      client.setQueryData(versionQuery(version.id).queryKey, found);
      await client.invalidateQueries({ queryKey: registeredModelsQuery(version.federation_id).queryKey });
      setDraft(null);
    },
    onError: (error) => notifyError("The notes could not be saved", error),
  });
  return (
    <Card withBorder data-testid="version-notes">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Notes
          </Title>
          {draft === null && (
            <Allowed permission="register_models" federationId={version.federation_id}>
              <Button size="compact-sm" variant="default" onClick={() => setDraft(version.notes)}>
                {version.notes ? "Edit" : "Write"}
              </Button>
            </Allowed>
          )}
        </Group>
        {draft === null ? (
          <>
            <Text
              size="sm"
              style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
              c={version.notes ? "" : "dimmed"}
            >
              {version.notes ? (
                <Isolated>{version.notes}</Isolated>
              ) : (
                "Nobody has said anything about this version yet."
              )}
            </Text>
            {version.noted_by && version.noted_at && (
              <Text size="xs" c="dimmed">
                <Isolated>{version.noted_by}</Isolated>, {formatDateTime(version.noted_at)}
              </Text>
            )}
          </>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              save.mutate(draft);
            }}
          >
            <Textarea
              aria-label="Notes"
              autosize
              minRows={4}
              autoFocus
              value={draft}
              onChange={(event) => setDraft(event.currentTarget.value)}
            />
            <Group justify="flex-end" mt="xs">
              <Button size="compact-sm" variant="default" onClick={() => setDraft(null)}>
                Cancel
              </Button>
              <Button size="compact-sm" type="submit" loading={save.isPending}>
                Save
              </Button>
            </Group>
          </form>
        )}
        <div>
          <Button size="compact-sm" variant="default" onClick={() => setOpen(!open)} aria-expanded={open}>
            {open ? "Hide the whole card" : "Show the whole card"}
          </Button>
          <Collapse expanded={open}>
            <Text
              component="pre"
              size="xs"
              mt="xs"
              ff="monospace"
              mah={420}
              tabIndex={0}
              style={{ overflow: "auto", whiteSpace: "pre-wrap" }}
            >
              {version.card}
            </Text>
          </Collapse>
        </div>
      </Stack>
    </Card>
  );
}
