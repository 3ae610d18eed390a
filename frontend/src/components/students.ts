import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/api";
import { isOver } from "@/lib/status";

/** The students of a run's super model. Asks again while one of them is not over. */
export const studentsQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "students"],
    queryFn: () => unwrap(api.listStudents({ path: { run_id: runId } })),
    refetchInterval: ({ state }) => (state.data?.some((student) => !isOver(student)) ? 5000 : false),
  });
