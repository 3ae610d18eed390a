import { Badge, Card, Group, ScrollArea, SegmentedControl, Stack, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type EventRecord, runEventsQuery } from "@/api";
import { Loaded, RowsSkeleton } from "@/components/Feedback";
import { formatDateTime, formatTime } from "@/lib/format";

const COLOURS = { info: "gray", warning: "yellow", error: "red" } as const;

export function EventLog({ runId }: { runId: string }) {
  const events = useQuery(runEventsQuery(runId));
  const [level, setLevel] = useState("all");
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            Events
          </Title>
          <SegmentedControl
            size="xs"
            aria-label="Level"
            value={level}
            onChange={setLevel}
            data={[
              { value: "all", label: "All" },
              { value: "problems", label: "Warnings and errors" },
            ]}
          />
        </Group>
        <Loaded query={events} skeleton={<RowsSkeleton rows={3} height={24} />}>
          {(all) => {
            const shown = all.filter(
              (event) => event.kind !== "metrics" && (level === "all" || event.level !== "info"),
            );
            return shown.length === 0 ? (
              <Text size="sm" c="dimmed">
                {level === "all" ? "Nothing has happened yet." : "No warnings and no errors."}
              </Text>
            ) : (
              <EventTable events={shown} />
            );
          }}
        </Loaded>
      </Stack>
    </Card>
  );
}

function EventTable({ events }: { events: EventRecord[] }) {
  const newestFirst = [...events].sort((left, right) => right.id - left.id);
  return (
    <ScrollArea.Autosize mah={320}>
      <Table verticalSpacing={4} fz="sm">
        <Table.Tbody>
          {newestFirst.map((event) => (
            <Table.Tr key={event.id}>
              <Table.Td w={90} c="dimmed" title={formatDateTime(event.at)}>
                {formatTime(event.at)}
              </Table.Td>
              <Table.Td w={90}>
                <Badge size="sm" color={COLOURS[event.level]}>
                  {event.level}
                </Badge>
              </Table.Td>
              <Table.Td>{event.message}</Table.Td>
              <Table.Td w={160} c="dimmed">
                {event.actor}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
