import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { ApiError, api, experimentsQuery, type FederationRecord, unwrap } from "@/api";
import { notifyDone } from "@/components/notify";
import { plural } from "@/lib/format";
import { createAll, progressOf, type Wanted } from "./createAll";
import { type DraftPlace, dropDraft, keepMade, readMade } from "./draft";
import { configOf, type Values } from "./formValues";
import { STANDARD_COLUMNS } from "./runRows";
import { sharedName, sweptColumns } from "./sweep";
import type { Sweep } from "./useSweepPlan";

/** Creates the experiment, or every one of a sweep, and goes there. What is made of it stays known over a reload. */
export function useCreate(federation: FederationRecord, values: Values, sweep: Sweep, place: DraftPlace) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [made, setMade] = useState(() => readMade(place));
  const { description } = values;
  const wanted: Wanted[] = (sweep.plan?.experiments ?? [{ name: values.name, config: configOf(values) }]).map(
    ({ name, config }) => ({ name, description, config }),
  );
  const create = useMutation({
    mutationFn: (start: boolean) =>
      createAll(wanted, start, readMade(place), {
        create: async (body) =>
          (await unwrap(api.createExperiment({ path: { federation_id: federation.id }, body }))).id,
        start: (id) => unwrap(api.startExperiment({ path: { experiment_id: id } })),
        isThere,
        keep: (now) => {
          keepMade(place, now);
          setMade(now);
        },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: experimentsQuery(federation.id).queryKey }),
    onSuccess: async (all) => {
      dropDraft(place);
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
          find: sharedName(all.map(({ name }) => name)),
          columns: [...STANDARD_COLUMNS, ...sweptColumns(sweep.axes, values)],
        },
      });
    },
  });
  return { create, progress: progressOf(wanted, made), forget: () => setMade({}) };
}

async function isThere(id: string): Promise<boolean> {
  try {
    await unwrap(api.getExperiment({ path: { experiment_id: id } }));
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}
