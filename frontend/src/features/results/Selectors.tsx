import { Card, Group, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import type { FederationRecord, SelectorResult } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { formatPercent, plural } from "@/lib/format";

interface Props {
  selectors: SelectorResult[];
  sites: string[];
  siteName: (slug: string) => string;
  federation: FederationRecord;
}

/** Does the model selector name the site that a case came from? */
export function Selectors({ selectors, sites, siteName, federation }: Props) {
  if (selectors.length === 0) return null;
  const position = (slug: string) => federation.sites.find((site) => site.slug === slug)?.position ?? 0;
  return (
    <SimpleGrid cols={{ base: 1, xl: 2 }}>
      {selectors.map((selector) => (
        <Card key={selector.run_id} withBorder>
          <Stack gap="sm">
            <Title order={2} size="h4">
              Model selector of {selector.strategy_label}, seed {selector.seed}
            </Title>
            <Group gap="xl">
              <Fact
                value={formatPercent(selector.accuracy)}
                label={`names the right site, of ${plural(selector.num_cases, "test case")}`}
              />
              <Fact value={formatPercent(selector.share_global)} label="of cases went to the global model" />
            </Group>
            <Table.ScrollContainer minWidth={420}>
              <Table withRowBorders={false} highlightOnHover={false} verticalSpacing={2}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th fw={400} c="dimmed">
                      case of ↓, most probable →
                    </Table.Th>
                    {sites.map((site) => (
                      <Table.Th key={site} ta="center">
                        <div style={{ display: "inline-flex" }}>
                          <SiteMark position={position(site)} name={siteName(site)} size="xs" />
                        </div>
                      </Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {selector.confusion.map((row) => {
                    const total = Object.values(row.chosen).reduce((sum, count) => sum + count, 0);
                    return (
                      <Table.Tr key={row.site_slug}>
                        <Table.Td>
                          <SiteMark position={position(row.site_slug)} name={siteName(row.site_slug)} />
                        </Table.Td>
                        {sites.map((site) => (
                          <ConfusionCell
                            key={site}
                            count={row.chosen[site] ?? 0}
                            total={total}
                            right={site === row.site_slug}
                          />
                        ))}
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Stack>
        </Card>
      ))}
    </SimpleGrid>
  );
}

function Fact({ value, label }: { value: string; label: string }) {
  return (
    <div>
      <Text fz={24} fw={600}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
    </div>
  );
}

/** Deeper for more cases; the diagonal, which is right, in the primary colour and the rest in orange. */
function ConfusionCell({ count, total, right }: { count: number; total: number; right: boolean }) {
  const share = total === 0 ? 0 : count / total;
  const colour = right ? "var(--mantine-primary-color-filled)" : "var(--mantine-color-orange-7)";
  return (
    <Table.Td p={2}>
      <div
        title={`${count} of ${total} cases`}
        style={{
          padding: "6px 0",
          borderRadius: 4,
          textAlign: "center",
          fontWeight: count > 0 ? 600 : 400,
          color: share > 0.55 ? "#fff" : count === 0 ? "var(--mantine-color-dimmed)" : undefined,
          background: `color-mix(in srgb, ${colour} ${Math.round(share * 100)}%, var(--mantine-color-default-hover))`,
        }}
      >
        {count}
      </div>
    </Table.Td>
  );
}
