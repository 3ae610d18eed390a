/** Tells by the browser's own notifications that a run has ended, where a person asked for it in this browser. */

import type { QueryClient } from "@tanstack/react-query";
import { type EventRecord, type RunRecord, runQuery } from "@/api";

const WANTED = "fedsm-tell-when-runs-end";

export interface RunNotice {
  title: string;
  body: string;
}

/** null while the run goes on; a cancelled one was ended by a person, who knows. */
export function noticeOf(
  run: Pick<RunRecord, "strategy_label" | "seed" | "status">,
  message: string,
): RunNotice | null {
  const name = `${run.strategy_label}, seed ${run.seed}`;
  if (run.status === "completed") return { title: `${name} is finished`, body: message };
  if (run.status === "failed") return { title: `${name} has failed`, body: message };
  return null;
}

export function wantsNotices(): boolean {
  return "Notification" in window && Notification.permission === "granted" && localStorage.getItem(WANTED) === "true";
}

/** Asks the browser for leave where it was not given yet. Throws with the remedy where it is refused. */
export async function setNotices(wanted: boolean): Promise<void> {
  if (wanted && !("Notification" in window)) throw new Error("This browser has no notifications.");
  if (wanted && (await Notification.requestPermission()) !== "granted")
    throw new Error("The browser does not allow notifications of this page: allow them in the page's permissions.");
  localStorage.setItem(WANTED, String(wanted));
}

/** Only where nobody looks at the page: on it, the run itself says so. */
export async function tellOfRun(event: EventRecord, client: QueryClient): Promise<void> {
  if (event.kind !== "status" || !event.run_id || !document.hidden || !wantsNotices()) return;
  // A backend that does not answer is said by the line below the header.
  const run = await client.fetchQuery({ ...runQuery(event.run_id), staleTime: 0 }).catch(() => null);
  const notice = run && noticeOf(run, event.message);
  if (!notice) return;
  // The tag keeps several tabs from saying the same several times.
  const shown = new Notification(notice.title, { body: notice.body, tag: run.id, icon: "/favicon.svg" });
  shown.onclick = () => {
    window.focus();
    window.location.assign(`/experiments/${run.experiment_id}?run=${encodeURIComponent(JSON.stringify(run.id))}`);
  };
}
