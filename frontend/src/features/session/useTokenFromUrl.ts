import { useEffect, useState } from "react";
import { api, unwrap } from "@/api";

/** The token of `?token=...`, taken out of the address and the history at once; null where there is none. */
function takeToken(): string | null {
  const url = new URL(window.location.href);
  const token = url.searchParams.get("token");
  if (token !== null) {
    url.searchParams.delete("token");
    window.history.replaceState(window.history.state, "", url);
  }
  return token;
}

const firstToken = takeToken();

/** Nobody is signed in before the token is sent. */
export const opensWithToken: boolean = firstToken !== null;

/** Signs in with the token that the page was opened with. `done` once that is settled; `problem` if it was refused. */
export function useTokenFromUrl(): { done: boolean; problem: string | null } {
  const [state, setState] = useState({ done: firstToken === null, problem: null as string | null });
  useEffect(() => {
    if (firstToken === null) return;
    unwrap(api.createSession({ body: { token: firstToken } }))
      .then(() => setState({ done: true, problem: null }))
      .catch((error: Error) => setState({ done: true, problem: error.message }));
  }, []);
  return state;
}
