import { Badge, Table, Text } from "@mantine/core";
import type { EventRecord } from "@/api";
import { Isolated } from "@/components/Isolated";
import { TextLink } from "@/components/links";
import { formatDateTime } from "@/lib/format";
import { folded } from "./folded";

const COLOURS = { warning: "yellow", error: "red" } as const;

export function EventRows({ events }: { events: EventRecord[] }) {
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table verticalSpacing={6} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={170}>When</Table.Th>
            <Table.Th w={150}>Who</Table.Th>
            <Table.Th>What</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {folded(events).map(({ event, times }) => (
            <Table.Tr key={event.id}>
              <Table.Td c="dimmed" style={{ whiteSpace: "nowrap" }}>
                <time dateTime={event.at}>{formatDateTime(event.at)}</time>
              </Table.Td>
              <Table.Td>
                <Text size="sm" truncate maw={140} title={event.actor}>
                  <Isolated>
                    <Isolated>{event.actor}</Isolated>
                  </Isolated>
                </Text>
              </Table.Td>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {event.level !== "info" && (
                  <Badge size="sm" color={COLOURS[event.level]} mr={6}>
                    {event.level}
                  </Badge>
                )}
                <Isolated>
                  <Isolated>{event.message}</Isolated>
                </Isolated>{" "}
                {times > 1 && (
                  <Text size="xs" c="dimmed" span>
                    {times} times that day
                  </Text>
                )}
                <About event={event} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A link to the page that shows where the event happened. */
function About({ event }: { event: EventRecord }) {
  if (event.target_deleted) {
    return (
      <Text size="xs" c="dimmed" span>
        deleted since
      </Text>
    );
  }
  if (event.experiment_id) {
    return (
      <TextLink
        size="xs"
        to="/experiments/$experimentId"
        params={{ experimentId: event.experiment_id }}
        search={{ run: event.run_id ?? undefined }}
      >
        {event.run_id ? "run" : "experiment"}
      </TextLink>
    );
  }
  if (event.dataset_id) {
    return (
      <TextLink size="xs" to="/datasets/$datasetId" params={{ datasetId: event.dataset_id }} search={{}}>
        data set
      </TextLink>
    );
  }
  if (event.federation_id) {
    return (
      <TextLink size="xs" to="/federations/$federationId" params={{ federationId: event.federation_id }} search={{}}>
        federation
      </TextLink>
    );
  }
  return null;
}
