import { Card, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** A titled card of a step of the form. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder>
      <Stack>
        <Title order={3} size="h4">
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  );
}
