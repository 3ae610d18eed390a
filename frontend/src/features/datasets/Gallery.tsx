import { AspectRatio, Badge, Card, Center, Group, SimpleGrid, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconPhotoOff, IconTool } from "@tabler/icons-react";
import type { CaseRecord } from "@/api";
import { hasNothingThere } from "./datasetCases";
import { repairText } from "./repairs";

/** Thumbnails with the reference outlined; each opens large. */
export function Gallery({ cases, onOpen }: { cases: CaseRecord[]; onOpen: (name: string) => void }) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 4, lg: 6, xl: 8 }} spacing="sm">
      {cases.map((row) => (
        <UnstyledButton key={row.id} onClick={() => onOpen(row.name)}>
          <Thumbnail row={row} />
        </UnstyledButton>
      ))}
    </SimpleGrid>
  );
}

function Thumbnail({ row }: { row: CaseRecord }) {
  return (
    <Card withBorder padding={6}>
      <Card.Section>
        <AspectRatio ratio={1}>
          {row.thumbnail_url ? (
            <img src={row.thumbnail_url} alt={pictureText(row)} loading="lazy" />
          ) : (
            <Center c="dimmed">
              <IconPhotoOff aria-label="No thumbnail yet: check the data set again" />
            </Center>
          )}
        </AspectRatio>
      </Card.Section>
      <Group justify="space-between" gap={4} mt={6} wrap="nowrap">
        <Text size="xs" truncate title={row.name}>
          {row.name}
        </Text>
        <Group gap={4} wrap="nowrap">
          {row.warnings.length > 0 && (
            <Tooltip label={row.warnings.map((warning) => warning.message).join(" ")} multiline maw={360}>
              <IconAlertTriangle size={14} color="var(--mantine-color-orange-filled)" aria-label="To look at" />
            </Tooltip>
          )}
          <Badge size="xs" variant="default">
            {row.split}
          </Badge>
        </Group>
      </Group>
      {row.repairs.length > 0 && (
        <Group gap={4} wrap="nowrap" c="orange" data-testid="repaired">
          <IconTool size={14} aria-hidden style={{ flex: "none" }} />
          <Text size="xs">{row.repairs.map(repairText).join(", ")}</Text>
        </Group>
      )}
      {hasNothingThere(row) && (
        <Text size="xs" c="dimmed">
          nothing there
        </Text>
      )}
    </Card>
  );
}

/** What a thumbnail shows, in words. */
export function pictureText(row: CaseRecord): string {
  return `Case ${row.name} ${hasNothingThere(row) ? "in which nothing is there" : "with its reference outlined"}`;
}
