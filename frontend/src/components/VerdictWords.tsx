import { Stack, Text } from "@mantine/core";
import { unbroken } from "@/lib/format";
import { Isolated } from "./Isolated";

interface Props {
  headline: string;
  details: readonly string[];
  /** What the number of seeds allows one to say. */
  caution?: string;
  /** Whether the headline stands alone, with no heading above it. */
  prominent?: boolean;
}

/** What came out, in the backend's sentences: the browser writes none of its own. */
export function VerdictWords({ headline, details, caution, prominent = false }: Props) {
  return (
    <Stack gap={6} data-testid="verdict" maw={1080}>
      <Text fw={600} size={prominent ? "lg" : "md"}>
        <Isolated>{unbroken(headline)}</Isolated>
      </Text>
      {details.map((sentence) => (
        <Text key={sentence} size="sm">
          <Isolated>{unbroken(sentence)}</Isolated>
        </Text>
      ))}
      {caution && (
        <Text size="xs" c="dimmed">
          {caution}
        </Text>
      )}
    </Stack>
  );
}
