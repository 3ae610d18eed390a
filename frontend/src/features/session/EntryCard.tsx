import { Card, Center, Group, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  children: ReactNode;
  onSubmit: () => void;
}

/** A form that is shown before somebody is signed in. */
export function EntryCard({ children, onSubmit }: Props) {
  return (
    <EntryFrame>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <Stack>{children}</Stack>
      </form>
    </EntryFrame>
  );
}

/** The frame of what is shown before the platform is open to somebody. */
export function EntryFrame({ children }: { children: ReactNode }) {
  return (
    <Center mih="100vh" p="md">
      <Card withBorder padding="xl" w={460} shadow="sm">
        <Stack>
          <Group gap="sm">
            <img src="/favicon.svg" width={36} height={36} alt="" />
            <Title order={1} size="h3">
              FedSM Studio
            </Title>
          </Group>
          {children}
        </Stack>
      </Card>
    </Center>
  );
}
