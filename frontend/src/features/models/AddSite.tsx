import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, datasetsQuery, registeredModelsQuery, unwrap, type VersionRecord } from "@/api";
import { site_addition } from "@/api/tables.json";
import { UsedAgainForm } from "./UsedAgainForm";

/** A new site in the selector of a version, in closed form. */
export function AddSiteForm({ version, onClose }: { version: VersionRecord; onClose: () => void }) {
  const [model, setModel] = useState<string | null>(null);
  const datasets = useQuery(datasetsQuery(version.federation_id)).data ?? [];
  const models = useQuery(registeredModelsQuery(version.federation_id)).data ?? [];
  const others = models.flatMap(({ versions }) => versions).filter(({ id }) => id !== version.id);
  return (
    <UsedAgainForm
      version={version}
      onClose={onClose}
      schema={site_addition}
      datasets={datasets.filter(({ site_slug }) => !version.facts.sites.includes(site_slug))}
      dataHelp="Of one site that the selector does not know; the sums are of their training cases."
      nothingFound="No checked data set of another site"
      action="Add the site"
      errorTitle="Not added"
      outcome="The other sites' networks stay as they are. Their images are routed otherwise only where the new site changes the closed form: test the result on their data."
      start={(chosen) =>
        unwrap(api.addSiteToModel({ path: { version_id: version.id }, body: { ...chosen, model: model ?? undefined } }))
      }
    >
      <Select
        label="Its images get"
        description="A version that was fine-tuned at the site, where there is one."
        placeholder={`The global model of ${version.reference}`}
        data={others.map(({ reference }) => ({ value: reference, label: `The model of ${reference}` }))}
        value={model}
        onChange={setModel}
        clearable
      />
    </UsedAgainForm>
  );
}
