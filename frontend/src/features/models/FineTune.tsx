import { NumberInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, datasetsQuery, unwrap, type VersionRecord } from "@/api";
import { fine_tuning } from "@/api/tables.json";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import { UsedAgainForm } from "./UsedAgainForm";

const SCHEMA: JsonSchema = fine_tuning;
const SETTINGS = fieldsOf(SCHEMA, SCHEMA).filter(({ kind }) => kind === "integer" || kind === "number");

/** Local training at one site, which begins with a version. */
export function FineTuneForm({ version, onClose }: { version: VersionRecord; onClose: () => void }) {
  const [values, setValues] = useState<Record<string, number | string>>(
    Object.fromEntries(SETTINGS.map((field) => [field.name, field.default as number])),
  );
  const datasets = useQuery(datasetsQuery(version.federation_id)).data ?? [];
  const settings = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
  return (
    <UsedAgainForm
      version={version}
      onClose={onClose}
      schema={SCHEMA}
      datasets={datasets}
      dataHelp="Of one site, which trains alone."
      nothingFound="No checked data set"
      action="Fine-tune"
      errorTitle="Not started"
      outcome="It begins with the version's model of the site, or else its global one. Once it is completed, the best epoch is registered."
      ready={!Object.values(values).includes("")}
      start={(chosen) =>
        unwrap(api.fineTuneModel({ path: { version_id: version.id }, body: { ...settings, ...chosen } }))
      }
    >
      {SETTINGS.map(({ name, label, help, bounds, kind }) => (
        <NumberInput
          key={name}
          label={label}
          description={`${help} Allowed: ${bounds}.`}
          allowDecimal={kind === "number"}
          // What is out of bounds is refused with its remedy, never changed under the user's hands.
          clampBehavior="none"
          hideControls={kind === "number"}
          value={values[name]}
          onChange={(value) => setValues({ ...values, [name]: value })}
        />
      ))}
    </UsedAgainForm>
  );
}
