import { Card, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ScoredCase } from "@/api";
import { formatPercentDifference, formatSize } from "@/lib/format";
import { cupToDisc, unitOfSize } from "./cupToDisc";
import { sizesQuery } from "./queries";

interface Props {
  scored: ScoredCase;
  /** Whose prediction is measured. */
  model: string;
  structures: readonly string[];
}

/** How large each structure is in the reference and in the shown prediction, and the sign of the difference. */
export function Sizes({ scored, model, structures }: Props) {
  const prediction = scored.predictions[model];
  const { data } = useQuery(sizesQuery(scored.reference_url, prediction, structures.length));
  if (!data) return null; // without both masks there is nothing to measure; the picture says why
  const unit = unitOfSize(scored.distance_unit, data.isVolume);
  const ratio = data.isVolume ? null : cupToDisc(structures, data.reference, data.prediction);
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb={4}>
        {data.isVolume ? "Volume" : "Area"} in {unit}
      </Title>
      <Table fz="xs" verticalSpacing={4} horizontalSpacing={6} data-testid="sizes">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Structure</Table.Th>
            <Table.Th ta="right">Reference</Table.Th>
            <Table.Th ta="right">Prediction</Table.Th>
            <Table.Th ta="right">Difference</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {structures.map((name, index) => {
            const [expected, found] = [data.reference[index]?.size ?? 0, data.prediction[index]?.size ?? 0];
            return (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td ta="right">{formatSize(expected)}</Table.Td>
                <Table.Td ta="right">{formatSize(found)}</Table.Td>
                <Table.Td ta="right">{formatPercentDifference(found, expected)}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {ratio && (
        <Text size="xs" mt={6} data-testid="cup-to-disc">
          Vertical cup-to-disc ratio: {ratio.reference.toFixed(2)} in the reference, {ratio.prediction.toFixed(2)} in
          the prediction.
        </Text>
      )}
    </Card>
  );
}
