import { Autocomplete, Button, Card, Group, Pill, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, registeredModelsQuery, unwrap, type VersionRecord } from "@/api";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyError } from "@/components/notify";
import { useMay } from "@/components/useMay";
import { versionQuery } from "./queries";
import { ALIAS_RULE, aliasChoices } from "./registry";

/** Words that point to this version; they are moved from whichever version they point to. */
export function VersionAliases({ version }: { version: VersionRecord }) {
  const client = useQueryClient();
  const may = useMay("register_models", version.federation_id);
  const models = useQuery(registeredModelsQuery(version.federation_id)).data;
  const model = models?.find(({ id }) => id === version.model_id);
  const [alias, setAlias] = useState("");
  const refresh = async () => {
    setAlias("");
    await client.invalidateQueries({ queryKey: registeredModelsQuery(version.federation_id).queryKey });
    await client.invalidateQueries({ queryKey: versionQuery(version.id).queryKey });
  };
  const path = { model_id: version.model_id };
  const move = useMutation({
    mutationFn: () => unwrap(api.moveAlias({ path, body: { alias, version: version.number } })),
    onSuccess: refresh,
    onError: (error) => notifyError("The alias could not be moved", error),
  });
  const remove = useMutation({
    mutationFn: (word: string) => unwrap(api.removeAlias({ path: { ...path, alias: word } })),
    onSuccess: refresh,
    onError: (error) => notifyError("The alias could not be removed", error),
  });
  const before = model?.aliases[alias];
  return (
    <Card withBorder data-testid="version-aliases">
      <Stack gap="sm">
        <Title order={2} size="h4">
          Aliases
        </Title>
        <Group gap="xs">
          {version.aliases.length === 0 && (
            <Text size="sm" c="dimmed">
              No alias points to this version.
            </Text>
          )}
          {version.aliases.map((word) => (
            <Pill
              key={word}
              withRemoveButton={may}
              onRemove={() => remove.mutate(word)}
              removeButtonProps={{ "aria-label": `Remove the alias ${word}`, tabIndex: 0, "aria-hidden": false }}
            >
              {word}
            </Pill>
          ))}
        </Group>
        {may && (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              move.mutate();
            }}
          >
            <Group align="flex-end">
              <Autocomplete
                label="Let an alias point here"
                description={
                  before !== undefined && before !== version.number
                    ? `It points to version ${before} now.`
                    : `best, in use, or another word. ${ALIAS_RULE}`
                }
                data={aliasChoices(model)}
                value={alias}
                onChange={setAlias}
                style={{ flex: 1 }}
              />
              <Button type="submit" variant="default" disabled={!alias} loading={move.isPending}>
                Point
              </Button>
            </Group>
          </form>
        )}
        {may && <Unregister version={version} />}
      </Stack>
    </Card>
  );
}

function Unregister({ version }: { version: VersionRecord }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asked, setAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => unwrap(api.deleteModelVersion({ path: { version_id: version.id } })),
    onSuccess: async () => {
      await navigate({
        to: "/federations/$federationId",
        params: { federationId: version.federation_id },
        search: { tab: "models" },
      });
      await client.invalidateQueries({ queryKey: registeredModelsQuery(version.federation_id).queryKey });
    },
    onError: (error) => {
      setAsked(false);
      notifyError("The version is kept", error);
    },
  });
  return (
    <Group justify="flex-end">
      <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsked(true)}>
        Remove this version
      </Button>
      <ConfirmModal
        opened={asked}
        onClose={() => setAsked(false)}
        title={`Remove ${version.reference}?`}
        action="Remove"
        onConfirm={() => remove.mutate()}
        busy={remove.isPending}
      >
        Its facts, notes and signature are lost, and its number is not given again. The run keeps its models.
      </ConfirmModal>
    </Group>
  );
}
