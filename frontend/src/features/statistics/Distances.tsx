import { Group, SegmentedControl, Stack, Table, Text, useComputedColorScheme } from "@mantine/core";
import { useState } from "react";
import type { FederationRecord, FederationStatistics } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { heatColour } from "@/lib/heat";
import { distanceOf, PARTS, type Part } from "@/lib/statistics";

interface Props {
  statistics: FederationStatistics;
  federation: FederationRecord;
}

/** Every pair of sites: 0 is alike, 1 as far apart as can be. */
export function Distances({ statistics, federation }: Props) {
  const [part, setPart] = useState<Part>("overall");
  const dark = useComputedColorScheme("light") === "dark";
  const position = (slug: string) => federation.sites.find((site) => site.slug === slug)?.position ?? 0;
  const { sites, distances, farthest } = statistics;
  const nameOf = (slug: string) => sites.find((site) => site.site_slug === slug)?.site_name ?? slug;
  const known = PARTS.filter(({ key }) => distances.some((pair) => pair[key] !== null));
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {farthest
            ? `0 is alike, 1 as far apart as can be. Farthest are ${nameOf(farthest.site)} and ${nameOf(farthest.other)}.`
            : "0 is alike, 1 as far apart as can be."}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label="Distance by"
          value={part}
          onChange={(next) => setPart(next as Part)}
          data={known.map(({ key, label }) => ({ value: key, label }))}
        />
      </Group>
      <Table.ScrollContainer minWidth={160 + 110 * sites.length}>
        <Table fz="sm" withRowBorders={false} highlightOnHover={false} data-testid="distances">
          <Table.Thead>
            <Table.Tr>
              <Table.Th />
              {sites.map((site) => (
                <Table.Th key={site.site_slug} scope="col">
                  <SiteMark position={position(site.site_slug)} name={site.site_name} size="xs" />
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sites.map((row) => (
              <Table.Tr key={row.site_slug}>
                <Table.Th scope="row">
                  <SiteMark position={position(row.site_slug)} name={row.site_name} size="xs" />
                </Table.Th>
                {sites.map((column) => {
                  const distance = distanceOf(distances, row.site_slug, column.site_slug, part);
                  const colour = typeof distance === "number" ? heatColour(distance, dark) : null;
                  return (
                    <Table.Td
                      key={column.site_slug}
                      ta="center"
                      style={colour ? { background: colour.background, color: colour.text } : undefined}
                    >
                      {distance === undefined ? "" : distance === null ? "–" : distance.toFixed(2)}
                    </Table.Td>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
