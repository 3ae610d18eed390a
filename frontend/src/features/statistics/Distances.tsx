import { Group, SegmentedControl, Stack, Table, Text, useComputedColorScheme } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { FederationRecord, FederationStatistics } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { heatColour, heatGradient } from "@/lib/heat";
import { siteLook } from "@/lib/sites";
import classes from "./Distances.module.css";
import { distanceOf, farthestPairs, MAX_LINES, PARTS } from "./statistics";

const route = getRouteApi("/federations/$federationId");
const MAX_NAMED = 3;

interface Props {
  statistics: FederationStatistics;
  federation: FederationRecord;
}

/** Every pair of sites: 0 is alike, 1 as far apart as can be. Many sites have numbers for names in the columns. */
export function Distances({ statistics, federation }: Props) {
  const { part = "overall" } = route.useSearch();
  const navigate = route.useNavigate();
  const dark = useComputedColorScheme("light") === "dark";
  const { sites, distances } = statistics;
  const nameOf = (slug: string) => sites.find((site) => site.site_slug === slug)?.site_name ?? slug;
  const known = PARTS.filter(({ key }) => distances.some((pair) => pair[key] !== null));
  const farthest = farthestPairs(distances, part, sites.length > MAX_LINES ? MAX_NAMED : 1);
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Group gap={6} wrap="nowrap">
          <Text size="sm" c="dimmed">
            0, alike
          </Text>
          <span className={classes.legend} style={{ background: heatGradient(dark) }} aria-hidden />
          <Text size="sm" c="dimmed">
            1, as far apart as can be
          </Text>
        </Group>
        <SegmentedControl
          size="xs"
          aria-label="Distance by"
          value={part}
          onChange={(next) =>
            void navigate({
              search: (old) => ({ ...old, part: known.find(({ key }) => key === next && key !== "overall")?.key }),
              replace: true,
            })
          }
          data={known.map(({ key, label }) => ({ value: key, label }))}
        />
      </Group>
      {farthest.length === 0 && <Text size="sm">No two sites state enough to be compared.</Text>}
      {farthest.map((pair, index) => (
        <Text key={`${pair.site} ${pair.other}`} size="sm">
          {index === 0 ? "Farthest apart" : "Then"}: {nameOf(pair.site)} and {nameOf(pair.other)} (
          {(pair[part] ?? 0).toFixed(2)})
        </Text>
      ))}
      <Matrix statistics={statistics} federation={federation} part={part} dark={dark} />
    </Stack>
  );
}

function Matrix({
  statistics,
  federation,
  part,
  dark,
}: Props & { part: (typeof PARTS)[number]["key"]; dark: boolean }) {
  const { sites, distances } = statistics;
  const position = (slug: string) => siteLook(slug, federation).position;
  const small = sites.length > MAX_LINES;
  return (
    <Table.ScrollContainer minWidth={220 + (small ? 32 : 110) * sites.length}>
      <Table fz={small ? "xs" : "sm"} withRowBorders={false} highlightOnHover={false} data-testid="distances">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className={classes.name} />
            {sites.map((site, index) => (
              <Table.Th key={site.site_slug} scope="col" className={small ? classes.small : undefined} maw={160}>
                {small ? (
                  <span title={site.site_name}>{index + 1}</span>
                ) : (
                  <SiteMark position={position(site.site_slug)} name={site.site_name} size="xs" />
                )}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sites.map((row, index) => (
            <Table.Tr key={row.site_slug}>
              <Table.Th scope="row" className={classes.name}>
                <Group gap={6} wrap="nowrap">
                  {small && <span className={classes.number}>{index + 1}</span>}
                  <SiteMark position={position(row.site_slug)} name={row.site_name} size="xs" />
                </Group>
              </Table.Th>
              {sites.map((column) => {
                const distance = distanceOf(distances, row.site_slug, column.site_slug, part);
                const colour = typeof distance === "number" ? heatColour(distance, dark) : null;
                return (
                  <Table.Td
                    key={column.site_slug}
                    className={small ? classes.small : undefined}
                    ta="center"
                    title={
                      distance === undefined
                        ? undefined
                        : `${row.site_name} and ${column.site_name}: ${distance?.toFixed(2) ?? "not known"}`
                    }
                    style={colour ? { background: colour.background, color: colour.text } : undefined}
                  >
                    {cellText(distance, small)}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** In a small cell without the 0 before the point. */
function cellText(distance: number | null | undefined, small: boolean): string {
  if (distance === undefined) return "";
  if (distance === null) return "?";
  const text = distance.toFixed(2);
  return small ? text.replace(/^0/, "") : text;
}
