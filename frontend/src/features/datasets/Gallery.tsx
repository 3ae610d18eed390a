import {
  AspectRatio,
  Badge,
  Button,
  Card,
  Center,
  Group,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
} from "@mantine/core";
import { IconPhotoOff } from "@tabler/icons-react";
import { useState } from "react";
import type { CaseRecord } from "@/api";
import { EmptyState } from "@/components/Feedback";

const PAGE = 48;

/** Thumbnails with the reference outlined, by split. */
export function Gallery({ cases }: { cases: CaseRecord[] }) {
  const [split, setSplit] = useState("all");
  const [shown, setShown] = useState(PAGE);
  if (cases.length === 0) {
    return (
      <EmptyState icon={IconPhotoOff} title="No case can be used">
        The list of skipped cases says why. Mend the folder at the site, then check again.
      </EmptyState>
    );
  }
  const chosen = split === "all" ? cases : cases.filter((row) => row.split === split);
  return (
    <Stack>
      <SegmentedControl
        aria-label="Split"
        value={split}
        onChange={setSplit}
        style={{ alignSelf: "flex-start" }}
        data={[{ value: "all", label: "All" }, "train", "val", "test"]}
      />
      <SimpleGrid cols={{ base: 2, sm: 4, lg: 6, xl: 8 }} spacing="sm">
        {chosen.slice(0, shown).map((row) => (
          <Thumbnail key={row.id} row={row} />
        ))}
      </SimpleGrid>
      {chosen.length > shown && (
        <Button variant="default" onClick={() => setShown(shown + PAGE)} style={{ alignSelf: "center" }}>
          Show more ({chosen.length - shown} left)
        </Button>
      )}
    </Stack>
  );
}

function Thumbnail({ row }: { row: CaseRecord }) {
  return (
    <Card withBorder padding={6}>
      <Card.Section>
        <AspectRatio ratio={1}>
          {row.thumbnail_url ? (
            <img src={row.thumbnail_url} alt={`Case ${row.name} with its reference outlined`} loading="lazy" />
          ) : (
            <Center c="dimmed">
              <IconPhotoOff aria-label="The site sends no pictures" />
            </Center>
          )}
        </AspectRatio>
      </Card.Section>
      <Group justify="space-between" gap={4} mt={6} wrap="nowrap">
        <Text size="xs" truncate title={row.name}>
          {row.name}
        </Text>
        <Badge size="xs" variant="default">
          {row.split}
        </Badge>
      </Group>
    </Card>
  );
}
