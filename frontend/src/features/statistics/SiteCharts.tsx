import { Card, ColorSwatch, Group, SimpleGrid, Text, Title, useComputedColorScheme } from "@mantine/core";
import type { FederationRecord, FederationStatistics } from "@/api";
import { Chart } from "@/components/Chart";
import { SiteMark } from "@/components/SiteMark";
import { structureColour } from "@/lib/palette";
import { siteLook } from "@/lib/sites";
import { greyHeat, greyLines, structureBars } from "./chartOptions";
import { MAX_LINES } from "./statistics";

interface Props {
  statistics: FederationStatistics;
  federation: FederationRecord;
}

const LINE_HEIGHT = 280;
const ROW_HEIGHT = 18;

/** Grey values and structures, site next to site; many sites are a heat map instead of many lines. */
export function SiteCharts({ statistics, federation }: Props) {
  const dark = useComputedColorScheme("light") === "dark";
  const position = (slug: string) => siteLook(slug, federation).position;
  const sites = statistics.sites.map((site) => ({ ...site, position: position(site.site_slug) }));
  const known = sites.filter((site) => site.intensity_histogram.length > 0);
  const many = known.length > MAX_LINES;
  const structures = federation.task.structures.map(({ name }) => name);
  const height = many ? Math.max(LINE_HEIGHT, 90 + ROW_HEIGHT * known.length) : LINE_HEIGHT;
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Card withBorder>
        <Title order={2} size="h4">
          Grey values
        </Title>
        <Text size="sm" c="dimmed" mb="xs">
          {known.length === 0
            ? "Withheld at every site: no split has enough cases."
            : "Share of pixels by grey value, dark (0) to bright (1); each case counts the same."}
        </Text>
        {known.length > 0 && !many && (
          <Group gap="md" mb="xs">
            {known.map((site) => (
              <SiteMark key={site.site_slug} position={site.position} name={site.site_name} size="xs" />
            ))}
          </Group>
        )}
        {known.length > 0 && (
          <Chart
            option={many ? greyHeat(known, dark) : greyLines(known)}
            height={height}
            label="Share of pixels by grey value, of each site"
          />
        )}
      </Card>
      <Card withBorder>
        <Title order={2} size="h4">
          Structures
        </Title>
        <Text size="sm" c="dimmed" mb="xs">
          {statistics.dimensions === 3
            ? "Mean volume in ml where present; a site that withholds it has no bar."
            : "Mean share of the image where present; a site that withholds it has no bar."}
        </Text>
        <Group gap="md" mb="xs">
          {structures.map((name, index) => (
            <Group key={name} gap={6} wrap="nowrap">
              <ColorSwatch color={structureColour(index)} size={12} radius="sm" aria-hidden />
              <Text size="xs">{name}</Text>
            </Group>
          ))}
        </Group>
        <Chart
          option={structureBars(sites, structures, statistics.dimensions)}
          height={Math.max(height, 90 + 9 * structures.length * sites.length)}
          label="Mean size of each structure, by site"
        />
      </Card>
    </SimpleGrid>
  );
}
