import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { experimentQuery, type FederationRecord, federationQuery } from "@/api";
import { Loaded } from "@/components/Feedback";
import type { JsonSchema } from "@/lib/schema";
import { readDraft } from "./draft";
import { ExperimentSetup } from "./ExperimentSetup";
import { initialValues, type Values, valuesOfExperiment, withDefaults } from "./formValues";
import { experimentSchemaQuery } from "./queries";

const route = getRouteApi("/federations/$federationId/experiments/new");

/** Setting up an experiment: from the defaults, from a kept draft, or from another experiment. */
export function NewExperimentPage() {
  const { federationId } = route.useParams();
  const { clone } = route.useSearch();
  const federation = useQuery(federationQuery(federationId));
  const schema = useQuery(experimentSchemaQuery);
  return (
    <Loaded query={federation}>
      {(loaded) => (
        <Loaded query={schema}>
          {(contract) =>
            clone ? (
              <Cloned key={clone} federation={loaded} schema={contract} clone={clone} />
            ) : (
              <Drafted key="draft" federation={loaded} schema={contract} />
            )
          }
        </Loaded>
      )}
    </Loaded>
  );
}

interface Props {
  federation: FederationRecord;
  schema: JsonSchema;
}

function Drafted({ federation, schema }: Props) {
  const [starting] = useState(() => initialValues(schema, federation.task.dimensions ?? 2));
  const place = { federationId: federation.id };
  const [draft] = useState(() => readDraft(place, starting));
  const beginning = { federation, schema, starting, place, fresh: starting };
  return <ExperimentSetup {...beginning} first={draft ?? starting} hasDraft={draft !== null} />;
}

function Cloned({ federation, schema, clone }: Props & { clone: string }) {
  const experiment = useQuery(experimentQuery(clone));
  const [starting] = useState(() => initialValues(schema, federation.task.dimensions ?? 2));
  const place = { federationId: federation.id, clone };
  const [draft] = useState(() => readDraft(place, starting));
  return (
    <Loaded query={experiment}>
      {(original) => {
        const fresh: Values = withDefaults(schema, valuesOfExperiment(original, starting));
        const beginning = { federation, schema, starting, place, fresh, origin: original.name };
        return <ExperimentSetup {...beginning} first={draft ?? fresh} hasDraft={draft !== null} />;
      }}
    </Loaded>
  );
}
