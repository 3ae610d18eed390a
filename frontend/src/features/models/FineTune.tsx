import { useQuery } from "@tanstack/react-query";
import { api, datasetsQuery, unwrap, type VersionRecord } from "@/api";
import { fine_tuning } from "@/api/tables.json";
import type { JsonSchema } from "@/lib/schema";
import { NumberSettings, useNumberSettings } from "./NumberSettings";
import { UsedAgainForm } from "./UsedAgainForm";

const SCHEMA: JsonSchema = fine_tuning;

/** Local training at one site, which begins with a version. */
export function FineTuneForm({ version, onClose }: { version: VersionRecord; onClose: () => void }) {
  const numbers = useNumberSettings(SCHEMA);
  const datasets = useQuery(datasetsQuery(version.federation_id)).data ?? [];
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
      ready={numbers.ready}
      start={(chosen) =>
        unwrap(api.fineTuneModel({ path: { version_id: version.id }, body: { ...numbers.settings, ...chosen } }))
      }
    >
      <NumberSettings {...numbers} />
    </UsedAgainForm>
  );
}
