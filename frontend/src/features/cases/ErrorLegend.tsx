import { ColorSwatch, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ScoredCase } from "@/api";
import { ERROR_PARTS, ERROR_WORDS } from "@/components/viewer/errorMap";
import { ERROR_COLOURS } from "@/lib/palette";
import type { Look } from "./paneLayers";
import { errorCountsQuery } from "./queries";

/** What the colours of an error map mean, and how much there is of each in the whole image. */
export function ErrorLegend(props: { scored: ScoredCase; model: string | null; look: Look }) {
  const { scored, model, look } = props;
  const prediction = model === null ? undefined : scored.predictions[model];
  const structures = look.structures.flatMap((_, index) => (look.hidden.includes(index) ? [] : [index]));
  const { data, isError } = useQuery(errorCountsQuery(scored.reference_url, prediction, structures));
  if (isError) return null; // the viewer below says why
  return (
    <Group gap="4px 12px" data-testid="error-legend">
      {ERROR_PARTS.map((part) => (
        <Group key={part} gap={6} wrap="nowrap">
          <ColorSwatch size={10} radius="sm" color={ERROR_COLOURS[part]} aria-hidden />
          <Text size="xs">
            {ERROR_WORDS[part]}
            {data && (
              <Text span inherit>
                {" "}
                {data[part].toLocaleString()}
              </Text>
            )}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
