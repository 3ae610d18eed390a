import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { isReportPath } from "@/features/report/reports";
import { queryClient } from "./queryClient";
import type { makeRouter } from "./router";
import { cssVariables, theme } from "./theme";

export function App({ router }: { router: ReturnType<typeof makeRouter> }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      // A report is paper: it looks and prints the same for everybody.
      forceColorScheme={isReportPath(window.location.pathname) ? "light" : undefined}
    >
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
