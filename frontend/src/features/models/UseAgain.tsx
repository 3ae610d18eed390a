import { Alert, Button, Card, Group, Modal, MultiSelect, Select, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBuildingPlus } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import {
  api,
  type DatasetRecord,
  datasetsQuery,
  type FederationRecord,
  registeredModelsQuery,
  unwrap,
  type VersionRecord,
} from "@/api";
import { Allowed } from "@/components/Allowed";
import { ModalForm } from "@/components/FormModal";
import { plural } from "@/lib/format";
import { whyNoSiteIsAdded } from "./registry";

interface Props {
  version: VersionRecord;
  federation: FederationRecord;
}

/** What becomes of a version without training it anew: another site in its selector. */
export function UseAgain({ version, federation }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  const refused = whyNoSiteIsAdded(version.facts.strategy);
  return (
    <Card withBorder data-testid="use-again">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Used again
          </Title>
          {refused === null && (
            <Allowed permission="register_models" federationId={federation.id}>
              <Button variant="default" onClick={open} leftSection={<IconBuildingPlus size={16} aria-hidden />}>
                Add a site
              </Button>
            </Allowed>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {refused ??
            "A new site is added to the model selector in closed form: it sends sums of its images' features once. " +
              "Nothing is trained, no other site does anything, and the result is the next version."}
        </Text>
      </Stack>
      <Modal opened={opened} onClose={close} title={`Add a site to ${version.reference}`}>
        <AddSiteForm version={version} onClose={close} />
      </Modal>
    </Card>
  );
}

function AddSiteForm({ version, onClose }: { version: VersionRecord; onClose: () => void }) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const [model, setModel] = useState<string | null>(null);
  const datasets = useQuery(datasetsQuery(version.federation_id)).data ?? [];
  const models = useQuery(registeredModelsQuery(version.federation_id)).data ?? [];
  const others = models.flatMap(({ versions }) => versions).filter(({ id }) => id !== version.id);
  const first = datasets.find(({ id }) => id === chosen[0]);
  const fitting = datasets.filter(
    ({ status, site_slug }) =>
      status === "ready" &&
      !version.facts.sites.includes(site_slug) &&
      (first === undefined || site_slug === first.site_slug),
  );
  const add = useMutation({
    mutationFn: () =>
      unwrap(
        api.addSiteToModel({ path: { version_id: version.id }, body: { datasets: chosen, model: model ?? undefined } }),
      ),
    onSuccess: async (made) => {
      onClose();
      await navigate({ to: "/experiments/$experimentId", params: { experimentId: made.id }, search: {} });
    },
  });
  return (
    <ModalForm
      onSubmit={() => add.mutate()}
      onCancel={onClose}
      action="Add the site"
      busy={add.isPending}
      disabled={chosen.length === 0}
      error={add.error}
      errorTitle="Not added"
    >
      <MultiSelect
        label="Data sets"
        description="Of one site that the selector does not know; the sums are of their training cases."
        placeholder={chosen.length === 0 ? "Choose at least one" : undefined}
        data={fitting.map(choice)}
        value={chosen}
        onChange={setChosen}
        searchable
        nothingFoundMessage="No checked data set of another site"
        data-autofocus
      />
      <Select
        label="Its images get"
        description="A version that was fine-tuned at the site, where there is one."
        placeholder={`The global model of ${version.reference}`}
        data={others.map(({ reference }) => ({ value: reference, label: `The model of ${reference}` }))}
        value={model}
        onChange={setModel}
        clearable
      />
      <Alert color="blue">
        The other sites' networks stay as they are. Their images are routed otherwise only where the new site changes
        the closed form: test the result on their data.
      </Alert>
    </ModalForm>
  );
}

function choice(dataset: DatasetRecord) {
  return { value: dataset.id, label: `${dataset.site_name}: ${dataset.name} (${plural(dataset.num_used, "case")})` };
}
