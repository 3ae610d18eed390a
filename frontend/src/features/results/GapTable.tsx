import { Table, Text } from "@mantine/core";
import type { FederationRecord, Gap, GapValue } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { siteLook } from "@/lib/sites";
import classes from "./GapTable.module.css";

/** Levels and terms in turn, so that each mean stands below what led to it; then the gap, and what is outside the sum. */
export function GapTable({ gap, federation }: { gap: Gap; federation: FederationRecord }) {
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table fz="sm" verticalSpacing={4} className={classes.table} aria-label="The gap, taken apart">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">Level or term</Table.Th>
            {gap.columns.map((column) => (
              <Table.Th key={column.site_slug ?? ""} scope="col" ta="right">
                {column.site_slug === null ? "All sites" : <SiteMark {...siteLook(column.site_slug, federation)} />}
                <Text size="xs" c="dimmed" fw={400}>
                  n = {column.num_cases}
                  {column.num_left_out > 0 && `, ${column.num_left_out} left out`}
                </Text>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {gap.levels.map((level, place) => {
            if (level.key === "last") return null;
            const term = gap.terms.find((entry) => entry.end === level.key);
            return [
              term && <TermRow key={term.keys.join("+")} label={term.label} words={term.words} values={term.values} />,
              <Table.Tr key={level.key} className={classes.level}>
                <Table.Th scope="row" className={classes.head}>
                  {level.words}
                  <Text size="xs" c="dimmed" fw={400}>
                    {level.strategy_label}
                  </Text>
                </Table.Th>
                {gap.columns.map((column) => (
                  <Table.Td key={column.site_slug ?? ""} ta="right" fw={600}>
                    {column.texts[place]}
                  </Table.Td>
                ))}
              </Table.Tr>,
            ];
          })}
          <TermRow
            label="Gap"
            words="all terms above, added up"
            values={gap.columns.map((column) => column.total)}
            strong
          />
          {gap.checkpoint && (
            <TermRow
              label={`${gap.checkpoint.label} (outside the sum)`}
              words={gap.checkpoint.words}
              values={gap.checkpoint.values}
            />
          )}
          <Bound gap={gap} />
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Bound({ gap }: { gap: Gap }) {
  const rooms = gap.columns.flatMap((column) => column.room ?? []);
  if (rooms.length < gap.columns.length) return null;
  return (
    <>
      <Table.Tr className={classes.level}>
        <Table.Th scope="row" className={classes.head}>
          Bound
          <Text size="xs" c="dimmed" fw={400}>
            the best of all the method's models for each case, chosen by its score
          </Text>
        </Table.Th>
        {gap.columns.map((column) => (
          <Table.Td key={column.site_slug ?? ""} ta="right" fw={600}>
            {column.bound_text}
          </Table.Td>
        ))}
      </Table.Tr>
      <TermRow label="Room below the bound" words="what no router can win more than" values={rooms} />
    </>
  );
}

interface TermProps {
  label: string;
  words: string;
  values: GapValue[];
  strong?: boolean;
}

function TermRow({ label, words, values, strong = false }: TermProps) {
  return (
    <Table.Tr>
      <Table.Th scope="row" className={strong ? classes.head : classes.term}>
        {label}
        <Text size="xs" c="dimmed" fw={400}>
          {words}
        </Text>
      </Table.Th>
      {values.map((value, place) => (
        <Table.Td
          // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their place
          key={place}
          ta="right"
          className={classes.value}
          data-verdict={verdictOf(value)}
          fw={strong ? 700 : 400}
        >
          {value.text}
          {value.interval_text && (
            <Text size="xs" c="dimmed" fw={400} style={{ whiteSpace: "nowrap" }}>
              {value.interval_text}
            </Text>
          )}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

/** Where the interval leaves no doubt of the sign. */
function verdictOf({ low, high }: GapValue): "lost" | "won" | undefined {
  if (low === null || high === null) return undefined;
  return low > 0 ? "lost" : high < 0 ? "won" : undefined;
}
