/** The whole application at an address, before a backend whose answers the test gives: what a page shows and sends. */

import { notifications } from "@mantine/notifications";
import { configure, render } from "@testing-library/react";
import { vi } from "vitest";
import { client } from "@/api/generated/client.gen";
import { App } from "@/app/App";
import { queryClient } from "@/app/queryClient";
import { makeRouter } from "@/app/router";
import { signedInAs } from "./records";
import { answerIsDue } from "./shuffle";

configure({ getElementError: (message) => new Error(message ?? "") });

export interface Sent {
  /** "POST /federations": the method, and the path below /api/v1. */
  what: string;
  search: string;
  body: unknown;
}

type Answer = object | null | ((sent: Sent) => object | null);
/** By what is asked, as in Sent. What a test does not answer gets 404, as from the backend. */
export type Answers = Record<string, Answer>;

/** An answer with another status than 200. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly body: { error: string; detail: string; fields?: object[] },
    readonly headers: Record<string, string> = {},
  ) {}
}

/** Never opens, so that a test alone decides what a page knows. */
class SilentEvents {
  close() {}
  addEventListener() {}
}

let opened = 0;

/** Opens the application at an address, as its administrator if `answers` has no other session. */
export function openApp(address: string, answers: Answers) {
  const sent: Sent[] = [];
  const own = ++opened;
  const all: Answers = { "GET /session": signedInAs("administrator"), ...answers };
  vi.stubGlobal("EventSource", SilentEvents);
  vi.stubGlobal("fetch", async (request: Request) => {
    const url = new URL(request.url);
    const text = await request.text();
    const one: Sent = {
      what: `${request.method} ${url.pathname.replace("/api/v1", "")}`,
      search: url.search,
      body: request.headers.get("Content-Type")?.includes("json") && text ? JSON.parse(text) : text || null,
    };
    sent.push(one);
    await answerIsDue(sent.length, `${one.what}${one.search}`);
    // The page that asked is gone, and what comes late would be shown on another test's.
    if (own !== opened) return new Promise<Response>(() => {});
    const answer = all[one.what];
    const found = typeof answer === "function" ? answer(one) : answer;
    if (found instanceof Refusal) return json(found.body, found.status, found.headers);
    return found === undefined ? json({ error: "not_found", detail: "nothing here" }, 404) : json(found, 200);
  });
  client.setConfig({ baseUrl: "http://backend.test", fetch: (request) => fetch(request) });
  queryClient.clear();
  notifications.clean();
  window.history.replaceState(null, "", address);
  const shown = render(<App router={makeRouter()} />);
  /** The bodies that were sent to one place, in order. */
  const bodies = (what: string) => sent.filter((one) => one.what === what).map((one) => one.body);
  return { ...shown, sent, bodies };
}

function json(body: object | null, status: number, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}
