import { Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { FederationRecord, FederationStatistics, SiteStatistics, Spread } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { formatPercent } from "@/lib/format";
import { statedCount } from "@/lib/statistics";

interface Props {
  statistics: FederationStatistics;
  federation: FederationRecord;
}

const SPLITS = ["train", "val", "test"] as const;
const WITHHELD = "withheld";

/** A column a site, a row a quantity. */
export function SideBySide({ statistics, federation }: Props) {
  const { sites, dimensions } = statistics;
  const position = (slug: string) => federation.sites.find((site) => site.slug === slug)?.position ?? 0;
  const sizeUnit = dimensions === 3 ? "ml" : "px";
  const rows: [string, (site: SiteStatistics) => ReactNode][] = [
    ...SPLITS.map((split): [string, (site: SiteStatistics) => ReactNode] => [
      `${split} cases`,
      (site) => statedCount(site.splits[split]),
    ]),
    ["image size (px)", (site) => axes(site.size, 0)],
    ...(dimensions === 3
      ? [["spacing (mm)", (site) => axes(site.spacing, 2)] as [string, (site: SiteStatistics) => ReactNode]]
      : []),
    ["grey values, dark to bright", (site) => <Histogram shares={site.intensity_histogram} name={site.site_name} />],
    ...federation.task.structures.flatMap((structure): [string, (site: SiteStatistics) => ReactNode][] => {
      const of = (site: SiteStatistics) => site.structures.find((entry) => entry.structure === structure.name);
      return [
        [`${structure.name}: cases that have it`, (site) => formatPercent(of(site)?.prevalence, 0)],
        [`${structure.name}: size (${sizeUnit})`, (site) => spread(of(site)?.size ?? null, dimensions === 3 ? 1 : 0)],
        [`${structure.name}: share of the image`, (site) => formatPercent(of(site)?.share?.mean ?? null, 1)],
      ];
    }),
  ];
  return (
    <Table.ScrollContainer minWidth={260 + 150 * sites.length}>
      <Table fz="sm" verticalSpacing={6} data-testid="statistics">
        <Table.Thead>
          <Table.Tr>
            <Table.Th />
            {sites.map((site) => (
              <Table.Th key={site.site_slug} scope="col">
                <SiteMark position={position(site.site_slug)} name={site.site_name} />
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th scope="row" fw={400}>
                {label}
              </Table.Th>
              {sites.map((site) => (
                <Table.Td key={site.site_slug}>{value(site)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
          {sites.some((site) => site.note) && (
            <Table.Tr>
              <Table.Th scope="row" fw={400}>
                left out
              </Table.Th>
              {sites.map((site) => (
                <Table.Td key={site.site_slug}>
                  <Text size="xs" c="dimmed">
                    {site.note}
                  </Text>
                </Table.Td>
              ))}
            </Table.Tr>
          )}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function axes(spreads: Spread[] | null, digits: number): string {
  if (!spreads || spreads.length === 0) return WITHHELD;
  return spreads.map(({ mean }) => mean.toFixed(digits)).join(" × ");
}

function spread(value: Spread | null, digits: number): string {
  return value === null ? "–" : `${value.mean.toFixed(digits)} ± ${value.std.toFixed(digits)}`;
}

function Histogram({ shares, name }: { shares: number[]; name: string }) {
  const highest = Math.max(...shares, 0);
  if (highest === 0) return WITHHELD;
  return (
    <svg viewBox={`0 0 ${shares.length} 16`} height={30} width={130} preserveAspectRatio="none" role="img">
      <title>{`Histogram of grey values at ${name}`}</title>
      {shares.map((share, index) => (
        <rect
          key={index}
          x={index}
          width={0.9}
          y={16 - (16 * share) / highest}
          height={(16 * share) / highest}
          fill="var(--mantine-primary-color-filled)"
        />
      ))}
    </svg>
  );
}
