import { Card, Center, Group, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** The frame of what is shown before somebody is signed in. */
export function EntryCard({ children, onSubmit }: { children: ReactNode; onSubmit: () => void }) {
  return (
    <Center mih="100vh" p="md">
      <Card withBorder padding="xl" w={460} shadow="sm">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            onSubmit();
          }}
        >
          <Stack>
            <Group gap="sm">
              <img src="/favicon.svg" width={36} height={36} alt="" />
              <Title order={1} size="h3">
                FedSM Studio
              </Title>
            </Group>
            {children}
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
