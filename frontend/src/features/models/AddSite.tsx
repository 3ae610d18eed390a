import { Alert, MultiSelect, Select } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, datasetsQuery, registeredModelsQuery, unwrap, type VersionRecord } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { dataOfOneSite } from "./registry";

/** A new site in the selector of a version, in closed form. */
export function AddSiteForm({ version, onClose }: { version: VersionRecord; onClose: () => void }) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const [model, setModel] = useState<string | null>(null);
  const datasets = useQuery(datasetsQuery(version.federation_id)).data ?? [];
  const models = useQuery(registeredModelsQuery(version.federation_id)).data ?? [];
  const others = models.flatMap(({ versions }) => versions).filter(({ id }) => id !== version.id);
  const unknown = datasets.filter(({ site_slug }) => !version.facts.sites.includes(site_slug));
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
        data={dataOfOneSite(unknown, chosen[0])}
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
