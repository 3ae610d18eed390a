import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError, sessionQuery } from "@/api";

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
  defaultOptions: {
    queries: { staleTime: 5_000, retry: mayHelp, refetchOnWindowFocus: true },
  },
});
