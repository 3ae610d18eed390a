import { Badge, Button, Group, Image, Modal, Stack, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { CaseRecord } from "@/api";
import { Keys } from "@/components/Keys";
import { useShortcuts } from "@/components/useShortcuts";
import { formatPercent } from "@/lib/format";
import { hasNothingThere, neighbour, sizeText } from "./datasetCases";
import { pictureText } from "./Gallery";
import { repairText } from "./repairs";

interface Props {
  cases: readonly CaseRecord[];
  /** When left out, the dialog is closed. */
  name: string | undefined;
  onShow: (name: string | undefined) => void;
}

/** One case large, with its facts; the arrow keys go on. */
export function CaseZoom({ cases, name, onShow }: Props) {
  const row = cases.find((entry) => entry.name === name);
  const before = row && neighbour(cases, row.name, -1);
  const after = row && neighbour(cases, row.name, 1);
  const go = (to: CaseRecord | undefined) => to && onShow(to.name);
  useShortcuts("caseZoom", { go: (key) => go(key === "ArrowLeft" ? before : after) }, row !== undefined);
  return (
    <Modal opened={row !== undefined} onClose={() => onShow(undefined)} title={row?.name} size="lg">
      {row && (
        <Stack>
          {row.thumbnail_url && (
            <Image src={row.thumbnail_url} alt={pictureText(row)} fit="contain" h="min(56vh, 560px)" radius="sm" />
          )}
          <Facts row={row} />
          <Group justify="space-between">
            <Button
              variant="default"
              disabled={!before}
              leftSection={<IconChevronLeft size={16} aria-hidden />}
              onClick={() => go(before)}
            >
              Previous
            </Button>
            <Keys group="caseZoom" name="go" />
            <Button
              variant="default"
              disabled={!after}
              rightSection={<IconChevronRight size={16} aria-hidden />}
              onClick={() => go(after)}
            >
              Next
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function Facts({ row }: { row: CaseRecord }) {
  const shares = Object.entries(row.structure_shares).map(([name, share]) => `${name} ${formatPercent(share, 1)}`);
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Badge variant="default">{row.split}</Badge>
        <Text size="sm">{sizeText(row)}</Text>
        {row.spacing && <Text size="sm">{row.spacing.map((mm) => mm.toFixed(2)).join(" × ")} mm</Text>}
        {row.patient && (
          <Text size="sm" c="dimmed">
            patient {row.patient.slice(0, 12)}
          </Text>
        )}
      </Group>
      {shares.length > 0 && (
        <Text size="sm" c="dimmed">
          {hasNothingThere(row)
            ? "Its mask is empty: the data set says that nothing is there."
            : `Share of the image: ${shares.join(", ")}`}
        </Text>
      )}
      {row.repairs.length > 0 && (
        <Text size="sm" c="orange">
          Repaired: {row.repairs.map(repairText).join(", ")}. The outline is what a run trains and tests on.
        </Text>
      )}
      {row.warnings.map((warning) => (
        <Text key={warning.code} size="sm" c="orange">
          {warning.message}
        </Text>
      ))}
    </Stack>
  );
}
