/** Server-sent events: each one marks the queries it makes stale, and those on screen are fetched again. */

import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { EventRecord } from "./generated/types.gen";

export const EVENT_KINDS: readonly EventRecord["kind"][] = [
  "status",
  "round",
  "task",
  "metrics",
  "log",
  "dataset",
  "site",
  "experiment",
  "federation",
  "user",
  "storage",
  "model",
];

/** What a run at work says all the time, of which nothing but its log, its tasks' progress and its curves is made. */
const isSaidOften = (event: EventRecord) => event.kind === "metrics" || event.kind === "log";
const OF_OFTEN = ["log", "tasks", "task", "curves", "metrics"] as const;

/** The keys of all queries that an event may have changed. */
export function staleKeys(event: EventRecord): QueryKey[] {
  if (isSaidOften(event)) return event.run_id ? OF_OFTEN.map((what) => ["run", event.run_id, what]) : [];
  const keys: QueryKey[] = [["activity"]];
  if (event.run_id) keys.push(["run", event.run_id]);
  if (event.experiment_id) keys.push(["experiment", event.experiment_id]);
  // Large tables, which only a run that ends can change.
  if (event.experiment_id && event.kind === "status") {
    keys.push(["results", event.experiment_id], ["latest-result"], ["test-scores"]);
  }
  if (event.dataset_id) keys.push(["dataset", event.dataset_id]);
  if (event.federation_id && event.kind !== "task") {
    keys.push(
      ["federation", event.federation_id],
      ["experiments", event.federation_id],
      ["datasets", event.federation_id],
    );
  }
  if (event.federation_id && event.kind === "model") keys.push(["registered-models", event.federation_id], ["version"]);
  if (event.kind === "federation" || event.kind === "site") keys.push(["federations"]);
  return keys;
}

/** Queries whose answers no event changes. */
const CONSTANT: ReadonlySet<string> = new Set(["session", "experiment-schema", "experiment-templates"]);

const DEBOUNCE_MS = 600;
/** Of what is said often: the milliseconds between two requests of a page for it, however many sites are at work. */
const OFTEN_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;
/** The backend gives a sign of life every four seconds. */
const SILENCE_MS = 10_000;

/** offline: the browser knows that there is no network; lost: the backend does not answer. */
export type Connection = "connecting" | "open" | "lost" | "offline";

/** Id of the newest event that came to any stream: a later one does not tell it again. */
let newestSeen = 0;

/** Follows the backend's events until the returned function is called. after: id of the newest event when nothing was on
 * screen yet. onEvent: called with each as it comes. */
export function followEvents(
  client: QueryClient,
  after: number,
  onConnection: (state: Connection) => void,
  onEvent: (event: EventRecord) => void = () => {},
): () => void {
  const stale = new Map<string, QueryKey>();
  let source: EventSource | undefined;
  let flush: ReturnType<typeof setTimeout> | undefined;
  let flushAt = Number.POSITIVE_INFINITY;
  let reconnect: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let isSilent = false;
  let retryMs = FIRST_RETRY_MS;
  let lastId = Math.max(after, newestSeen);
  let isFirst = true;

  /** Said where a network has gone that the browser takes to be there. The stream stays: it may only be slow. */
  const hear = () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      isSilent = true;
      onConnection("lost");
    }, SILENCE_MS);
    if (isSilent) {
      isSilent = false;
      onConnection("open");
    }
  };
  const receive = (message: MessageEvent<string>) => {
    hear();
    lastId = newestSeen = Number(message.lastEventId) || lastId;
    const event = JSON.parse(message.data) as EventRecord;
    onEvent(event);
    const keys = staleKeys(event);
    for (const key of keys) stale.set(JSON.stringify(key), key);
    if (keys.length > 0) flushWithin(isSaidOften(event) ? OFTEN_MS : DEBOUNCE_MS);
  };

  const flushWithin = (ms: number) => {
    if (Date.now() + ms >= flushAt) return;
    clearTimeout(flush);
    flushAt = Date.now() + ms;
    flush = setTimeout(() => {
      flushAt = Number.POSITIVE_INFINITY;
      const keys = [...stale.values()];
      stale.clear();
      for (const queryKey of keys) {
        // A run's own key stands for all that is asked of it.
        if (
          queryKey.length > 2 &&
          keys.some((other) => other.length === 2 && other[0] === "run" && other[1] === queryKey[1])
        )
          continue;
        void client.invalidateQueries({ queryKey });
      }
    }, ms);
  };

  const connect = () => {
    if (!navigator.onLine) return goOffline();
    clearTimeout(reconnect);
    clearTimeout(silence);
    isSilent = false;
    source?.close();
    // A new EventSource forgets the last id that the browser's own reconnection would have sent.
    source = new EventSource(`/api/v1/events/stream?after=${lastId}`);
    source.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      onConnection("open");
      hear();
      // The first stream begins before all that is on screen. Later, what no event tells may have changed.
      if (isFirst) {
        isFirst = false;
        return;
      }
      void client.invalidateQueries({ predicate: (query) => !CONSTANT.has(String(query.queryKey[0])) });
    };
    source.onerror = () => {
      clearTimeout(silence);
      source?.close();
      onConnection("lost");
      reconnect = setTimeout(connect, retryMs);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    };
    source.addEventListener("alive", hear);
    for (const kind of EVENT_KINDS) source.addEventListener(kind, receive);
  };

  /** The stream itself would notice a silent loss only when the network's own patience ends. */
  const goOffline = () => {
    clearTimeout(reconnect);
    clearTimeout(silence);
    source?.close();
    onConnection("offline");
  };
  const goOnline = () => {
    retryMs = FIRST_RETRY_MS;
    connect();
  };
  window.addEventListener("offline", goOffline);
  window.addEventListener("online", goOnline);

  connect();
  return () => {
    window.removeEventListener("offline", goOffline);
    window.removeEventListener("online", goOnline);
    clearTimeout(flush);
    clearTimeout(reconnect);
    clearTimeout(silence);
    source?.close();
  };
}

/** For who follows no events: only what the browser itself knows of the network. */
export function watchNetwork(client: QueryClient, onConnection: (state: Connection) => void): () => void {
  const goOffline = () => onConnection("offline");
  const goOnline = () => {
    onConnection("open");
    void client.invalidateQueries({ predicate: (query) => !CONSTANT.has(String(query.queryKey[0])) });
  };
  window.addEventListener("offline", goOffline);
  window.addEventListener("online", goOnline);
  if (!navigator.onLine) goOffline();
  return () => {
    window.removeEventListener("offline", goOffline);
    window.removeEventListener("online", goOnline);
  };
}
