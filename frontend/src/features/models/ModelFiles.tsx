import { Card, Table, Text, Title } from "@mantine/core";
import type { FederationRecord, ModelSet } from "@/api";
import { Fingerprint } from "@/components/Fingerprint";
import { SiteMark } from "@/components/SiteMark";
import { formatBytes } from "@/lib/format";
import { siteLook } from "@/lib/sites";
import { partTitle } from "./models";

interface Props {
  set: ModelSet;
  federation: FederationRecord;
}

/** What the download holds. */
export function ModelFiles({ set, federation }: Props) {
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        Files
      </Title>
      <Table fz="sm" verticalSpacing={4} data-testid="model-files">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Model</Table.Th>
            <Table.Th ta="right">Size</Table.Th>
            <Table.Th ta="right">SHA-256</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {set.parts.map((part) => (
            <Table.Tr key={part.name}>
              <Table.Th scope="row" fw={400}>
                <PartName name={part.name} federation={federation} />
                <Text size="xs" c="dimmed" ff="monospace" style={{ overflowWrap: "anywhere" }}>
                  {part.name}.safetensors
                </Text>
              </Table.Th>
              <Table.Td ta="right">{formatBytes(part.num_bytes)}</Table.Td>
              <Table.Td ta="right">
                <Fingerprint value={part.sha256} of={`${part.name}.safetensors`} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function PartName({ name, federation }: { name: string; federation: FederationRecord }) {
  const { title, site: slug } = partTitle(name);
  if (slug === null) return <Text size="sm">{title}</Text>;
  return <SiteMark {...siteLook(slug, federation)} />;
}
