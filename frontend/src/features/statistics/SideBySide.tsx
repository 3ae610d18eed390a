import { Stack, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { FederationRecord, FederationStatistics, SiteStatistics, StructureStatistics } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { formatPercent } from "@/lib/format";
import { SPLITS, siteLook } from "@/lib/sites";
import classes from "./SideBySide.module.css";
import { axesText, spreadText, statedCount, WITHHELD, withheldReason } from "./statistics";

interface Props {
  statistics: FederationStatistics;
  federation: FederationRecord;
}

/** A row a site, a column a quantity: the same for 2 sites as for 30. */
export function SideBySide({ statistics, federation }: Props) {
  const { sites, dimensions } = statistics;
  const position = (slug: string) => siteLook(slug, federation).position;
  const structures = federation.task.structures.map(({ name }) => name);
  const volumes = dimensions === 3;
  return (
    <Stack gap="xs">
      <Table.ScrollContainer minWidth={560 + (volumes ? 130 : 0) + 300 * structures.length}>
        <Table fz="sm" verticalSpacing={6} data-testid="statistics">
          <Table.Thead>
            <Table.Tr>
              <Table.Th rowSpan={2} className={classes.site}>
                Site
              </Table.Th>
              <Table.Th colSpan={3} ta="center">
                Cases
              </Table.Th>
              <Table.Th rowSpan={2}>Image size (px)</Table.Th>
              {volumes && <Table.Th rowSpan={2}>Spacing (mm)</Table.Th>}
              {structures.map((name) => (
                <Table.Th key={name} colSpan={3} className={classes.group}>
                  {name}
                </Table.Th>
              ))}
            </Table.Tr>
            <Table.Tr>
              {SPLITS.map((split) => (
                <Table.Th key={split} ta="right" fw={500}>
                  {split}
                </Table.Th>
              ))}
              {structures.map((name) => (
                <StructureHead key={name} unit={volumes ? "ml" : "px"} />
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sites.map((site) => (
              <Table.Tr key={site.site_slug}>
                <Table.Th scope="row" fw={500} className={classes.site} title={site.site_name}>
                  <SiteMark position={position(site.site_slug)} name={site.site_name} />
                </Table.Th>
                {SPLITS.map((split) => (
                  <Table.Td key={split} ta="right">
                    {statedCount(site.splits[split])}
                  </Table.Td>
                ))}
                <Table.Td>{axesText(site.size, 0)}</Table.Td>
                {volumes && <Table.Td>{axesText(site.spacing, 2)}</Table.Td>}
                {structures.map((name) => (
                  <StructureCells
                    key={name}
                    site={site}
                    found={site.structures.find((entry) => entry.structure === name)}
                    digits={volumes ? 1 : 0}
                  />
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Notes sites={sites} />
    </Stack>
  );
}

function StructureHead({ unit }: { unit: string }) {
  return (
    <>
      <Table.Th fw={500} className={classes.group}>
        Cases that have it
      </Table.Th>
      <Table.Th fw={500}>Size ({unit}), mean ± std</Table.Th>
      <Table.Th fw={500}>Share of the image</Table.Th>
    </>
  );
}

function StructureCells(props: { site: SiteStatistics; found: StructureStatistics | undefined; digits: number }) {
  const { site, found } = props;
  const reason = withheldReason(found, site);
  if (!found || reason !== null) {
    return (
      <>
        <Cell first>
          {WITHHELD}
          <Text size="xs" c="dimmed">
            {reason}
          </Text>
        </Cell>
        <Cell>{WITHHELD}</Cell>
        <Cell>{WITHHELD}</Cell>
      </>
    );
  }
  return (
    <>
      <Cell first>{formatPercent(found.prevalence, 0)}</Cell>
      <Cell>{spreadText(found.size, props.digits)}</Cell>
      <Cell>{found.share ? formatPercent(found.share.mean, 1) : "in no case"}</Cell>
    </>
  );
}

function Cell({ first, children }: { first?: boolean; children: ReactNode }) {
  return <Table.Td className={first ? classes.group : undefined}>{children}</Table.Td>;
}

/** What is left out of a site's numbers; sites with the same note share a line. */
function Notes({ sites }: { sites: readonly SiteStatistics[] }) {
  const byNote = new Map<string, string[]>();
  for (const site of sites) {
    if (site.note) byNote.set(site.note, [...(byNote.get(site.note) ?? []), site.site_name]);
  }
  return (
    <div data-testid="left-out">
      {[...byNote].map(([note, names]) => (
        <Text key={note} size="xs" c="dimmed">
          {names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ")}: {note}
        </Text>
      ))}
    </div>
  );
}
