import { Stack, Table, Text } from "@mantine/core";
import { memo } from "react";
import type { FederationRecord, RunSelector, SelectorGroup } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { plural } from "@/lib/format";
import { siteLook } from "@/lib/sites";
import { CellTips } from "./CellTips";
import classes from "./Confusion.module.css";
import { MANY_SITES } from "./sites";

interface Props {
  selector: RunSelector;
  federation: FederationRecord;
  /** The site that the rest of the panel is about. */
  shown: string | null;
}

/** Rows are where cases come from, columns what the selector took for most probable. */
export const Confusion = memo(function Confusion({ selector, federation, shown }: Props) {
  const rows = selector.groups.filter((group) => group.site_slug !== null);
  const upright = selector.sites.length > MANY_SITES;
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        Most probable site of each case
      </Text>
      <CellTips>
        <div className={classes.scroll}>
          <Table
            className={classes.table}
            data-upright={upright}
            withRowBorders={false}
            highlightOnHover={false}
            data-testid="confusion"
          >
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col" className={classes.from}>
                  <Text size="xs" c="dimmed">
                    case of ↓, most probable →
                  </Text>
                </Table.Th>
                {selector.sites.map((slug) => (
                  <Table.Th
                    key={slug}
                    scope="col"
                    className={classes.to}
                    data-upright={upright}
                    title={siteLook(slug, federation).name}
                  >
                    <SiteMark {...siteLook(slug, federation)} size="xs" wrap={!upright} />
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row, index) => (
                <Row key={row.site_slug} {...{ row, federation, shown }} sites={selector.sites} first={index === 0} />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </CellTips>
      <Text size="xs" c="dimmed">
        Blue is right, orange wrong; deeper for a larger share of the row.
        {selector.unseen_sites.length > 0 && " A held-out site has no right answer and is grey."}
      </Text>
    </Stack>
  );
});

function Row(props: {
  row: SelectorGroup;
  sites: string[];
  federation: FederationRecord;
  shown: string | null;
  first: boolean;
}) {
  const { row, sites, federation, shown, first } = props;
  const slug = row.site_slug ?? "";
  return (
    <Table.Tr>
      <Table.Th scope="row" className={classes.from} data-shown={shown === slug}>
        <SiteMark {...siteLook(slug, federation)} size="xs" />
        {row.unseen && (
          <Text size="xs" c="dimmed" fw={400}>
            held out
          </Text>
        )}
      </Table.Th>
      {sites.map((site, index) => {
        const count = row.chosen[site] ?? 0;
        const share = row.num_cases === 0 ? 0 : count / row.num_cases;
        const names = [site, slug].map((entry) => siteLook(entry, federation).name);
        const tip = `${count} of ${plural(row.num_cases, "case")} of ${names[1]} taken for ${names[0]}`;
        return (
          <Table.Td key={site} p={2}>
            <div
              className={classes.cell}
              data-kind={count === 0 ? "none" : row.unseen ? "unseen" : site === slug ? "right" : "wrong"}
              data-strong={share > 0.5}
              data-tip={tip}
              aria-description={tip}
              tabIndex={first && index === 0 ? 0 : -1}
              style={{ "--share": `${Math.round(15 + share * 85)}%` } as React.CSSProperties}
            >
              {count > 0 || sites.length <= MANY_SITES ? count : "·"}
            </div>
          </Table.Td>
        );
      })}
    </Table.Tr>
  );
}
