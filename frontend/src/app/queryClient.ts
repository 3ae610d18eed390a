import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError, sessionQuery } from "@/api";
import { notifyError } from "@/components/notify";
import { holdTurns } from "@/components/turns";

function mayHelp(failures: number, error: Error): boolean {
  const final = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return !final && failures < 2;
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // The session ended while the page was open: the shell then asks for the token again.
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== "session") {
        void queryClient.resetQueries({ queryKey: sessionQuery.queryKey });
      }
    },
  }),
  mutationCache: new MutationCache({
    onError: (error) => {
      // Not every form has a place for it.
      if (error instanceof ApiError && error.status === 0) notifyError("Not sent", error);
    },
  }),
  defaultOptions: {
    queries: { staleTime: 5_000, retry: mayHelp, refetchOnWindowFocus: true },
    // Tried at once, also without a network: what cannot be sent is said, and not kept to be sent behind one's back.
    mutations: { networkMode: "always" },
  },
});

// What is below the window waits for what is in it.
holdTurns(() => queryClient.isFetching() > 0);
