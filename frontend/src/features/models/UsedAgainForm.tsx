import { Alert, Autocomplete, MultiSelect } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { type DatasetRecord, type ExperimentRecord, registeredModelsQuery, type VersionRecord } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import { dataOfOneSite } from "./registry";

interface Props {
  version: VersionRecord;
  onClose: () => void;
  /** Of what the backend takes. */
  schema: JsonSchema;
  /** To choose from. */
  datasets: readonly DatasetRecord[];
  /** Of the data sets. */
  dataHelp: string;
  nothingFound: string;
  action: string;
  errorTitle: string;
  /** False while a field of its own has no value. */
  ready?: boolean;
  start: (chosen: { datasets: string[]; name: string | undefined }) => Promise<ExperimentRecord>;
  /** Fields of its own. */
  children: ReactNode;
  /** What becomes of it. */
  outcome: string;
}

/** What both ways to use a version again ask for: data sets of one site, and the name that gets the result. */
export function UsedAgainForm({ version, onClose, schema, datasets, children, ready = true, ...words }: Props) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const [name, setName] = useState("");
  const models = useQuery(registeredModelsQuery(version.federation_id)).data ?? [];
  const start = useMutation({
    mutationFn: () => words.start({ datasets: chosen, name: name.trim() || undefined }),
    onSuccess: async (made) => {
      onClose();
      await navigate({ to: "/experiments/$experimentId", params: { experimentId: made.id }, search: {} });
    },
  });
  return (
    <ModalForm
      onSubmit={() => start.mutate()}
      onCancel={onClose}
      action={words.action}
      busy={start.isPending}
      disabled={chosen.length === 0 || !ready}
      error={start.error}
      errorTitle={words.errorTitle}
    >
      <MultiSelect
        label="Data sets"
        description={words.dataHelp}
        placeholder={chosen.length === 0 ? "Choose at least one" : undefined}
        data={dataOfOneSite(datasets, chosen[0])}
        value={chosen}
        onChange={setChosen}
        searchable
        nothingFoundMessage={words.nothingFound}
        data-autofocus
      />
      {children}
      <Autocomplete
        label="Name"
        description={fieldsOf(schema, schema).find((field) => field.name === "name")?.help}
        data={models.map((model) => model.name)}
        value={name}
        onChange={setName}
      />
      <Alert color="blue">{words.outcome}</Alert>
    </ModalForm>
  );
}
