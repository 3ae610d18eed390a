import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef } from "react";
import { api, type ExperimentRecord, experimentsQuery, type FederationRecord, unwrap } from "@/api";
import { notifyDone } from "@/components/notify";
import { plural } from "@/lib/format";
import { type DraftPlace, dropDraft } from "./draft";
import { configOf, type Values } from "./formValues";
import { STANDARD_COLUMNS } from "./runRows";
import { sweptColumns } from "./sweep";
import type { Sweep } from "./useSweepPlan";

/** Creates the experiment, or every one of a sweep, and goes there. A second try makes only what the first did not. */
export function useCreate(federation: FederationRecord, values: Values, sweep: Sweep, place: DraftPlace) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const made = useRef(new Map<string, ExperimentRecord>());
  const wanted = sweep.plan?.experiments ?? [{ name: values.name, config: configOf(values) }];
  return useMutation({
    mutationFn: async (start: boolean) => {
      const all: ExperimentRecord[] = [];
      for (const { name, config } of wanted) {
        const key = JSON.stringify([name, values.description, config]);
        const body = { name, description: values.description, config };
        const old = made.current.get(key);
        const experiment =
          old ?? (await unwrap(api.createExperiment({ path: { federation_id: federation.id }, body })));
        made.current.set(key, experiment);
        if (start) await unwrap(api.startExperiment({ path: { experiment_id: experiment.id } }));
        all.push(experiment);
      }
      return all;
    },
    onSuccess: async (all) => {
      dropDraft(place);
      await client.invalidateQueries({ queryKey: experimentsQuery(federation.id).queryKey });
      const [first] = all;
      if (all.length === 1 && first) {
        await navigate({ to: "/experiments/$experimentId", params: { experimentId: first.id }, search: {} });
        return;
      }
      notifyDone(`${plural(all.length, "experiment")} created. These are their runs.`);
      await navigate({
        to: "/federations/$federationId",
        params: { federationId: federation.id },
        search: {
          tab: "experiments",
          list: "runs",
          find: values.name.trim(),
          columns: [...STANDARD_COLUMNS, ...sweptColumns(sweep.axes, values)],
        },
      });
    },
  });
}
