import { Anchor, Group, Popover, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ExperimentProvenance, FederationRecord } from "@/api";
import { Fingerprint } from "@/components/Fingerprint";
import { SiteMark } from "@/components/SiteMark";
import { formatDateTime, plural } from "@/lib/format";
import { siteLook } from "@/lib/sites";
import { provenanceQuery } from "./queries";

interface Props {
  experimentId: string;
  federation: FederationRecord;
}

/** One line below an experiment's name: who, when, with which program, on which files. */
export function Provenance({ experimentId, federation }: Props) {
  const { data } = useQuery(provenanceQuery(experimentId));
  if (!data) return <Text size="xs">&nbsp;</Text>;
  return (
    <Group gap={6} data-testid="provenance">
      <Text size="xs" c="dimmed">
        {provenanceWords(data)}
      </Text>
      {data.data.length > 0 && <Fingerprints provenance={data} federation={federation} />}
    </Group>
  );
}

export function provenanceWords(found: ExperimentProvenance): string {
  const parts = [`Made by ${found.created_by} on ${formatDateTime(found.created_at)}`];
  if (found.finished_at) parts.push(`finished ${formatDateTime(found.finished_at)}`);
  else if (found.started_at) parts.push(`started ${formatDateTime(found.started_at)}`);
  const words = parts.join(", ");
  return found.code_versions.length > 0
    ? `${words} · run with FedSM Studio ${found.code_versions.join(" and ")}`
    : words;
}

function Fingerprints({ provenance, federation }: { provenance: ExperimentProvenance; federation: FederationRecord }) {
  return (
    <Popover width={520} position="bottom-start" withArrow shadow="md" trapFocus>
      <Popover.Target>
        <Anchor component="button" type="button" size="xs">
          {plural(provenance.data.length, "data set")}
        </Anchor>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="xs" c="dimmed" mb={6}>
          Fingerprints (SHA-256) of cases, files, splits and labels as the runs had them. Equal fingerprints: the same
          data.
        </Text>
        <div style={{ maxHeight: 320, overflowY: "auto" }}>
          <Table fz="xs" verticalSpacing={4}>
            <Table.Tbody>
              {provenance.data.map(({ site_slug, fingerprint }) => (
                <Table.Tr key={`${site_slug} ${fingerprint}`}>
                  <Table.Th scope="row">
                    <SiteMark {...siteLook(site_slug, federation)} size="xs" />
                  </Table.Th>
                  <Table.Td>
                    <Fingerprint value={fingerprint} of={`the data of ${siteLook(site_slug, federation).name}`} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
