import { Table, Text } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { type MouseEvent, memo } from "react";
import type { FederationRecord, MatrixCell, MatrixRow, RunMatrix, RunRecord } from "@/api";
import { SiteMark } from "@/components/SiteMark";
import { heatColour } from "@/lib/heat";
import { siteLook } from "@/lib/sites";
import { CellTips } from "./CellTips";
import classes from "./Matrix.module.css";
import { isOwnModel, isRouting, type MatrixView, matrixCellWords, matrixRowName, viewerModel } from "./matrixView";
import { MANY_SITES } from "./sites";

interface Props {
  run: RunRecord;
  matrix: RunMatrix;
  view: MatrixView;
  federation: FederationRecord;
  dark: boolean;
}

/** Drawn anew only when something of it changes: a large one has a thousand cells. */
export const Matrix = memo(function Matrix(props: Props) {
  const casesOf = useCasesLink(props.run.id);
  const { matrix, federation } = props;
  const upright = matrix.sites.length > MANY_SITES;
  const firstRouting = matrix.rows.findIndex((row) => isRouting(row.model));
  return (
    <CellTips>
      <div className={classes.scroll}>
        <Table className={classes.table} data-testid="matrix" withRowBorders={false} highlightOnHover={false}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col" className={classes.model}>
                <Text size="xs" c="dimmed">
                  model ↓ on the cases of →
                </Text>
              </Table.Th>
              <Table.Th scope="col" className={classes.site} data-upright={upright}>
                <Text size="sm">All sites</Text>
              </Table.Th>
              {matrix.sites.map((slug) => (
                <Table.Th
                  key={slug}
                  scope="col"
                  className={classes.site}
                  data-upright={upright}
                  title={siteLook(slug, federation).name}
                >
                  <SiteMark {...siteLook(slug, federation)} />
                  {matrix.unseen_sites.includes(slug) && (
                    <Text size="xs" fw={400} c="dimmed">
                      held out
                    </Text>
                  )}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {matrix.rows.map((row, index) => (
              <Row
                key={row.model}
                {...props}
                casesOf={casesOf}
                row={row}
                first={index === 0}
                parted={index === firstRouting && index > 0}
              />
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </CellTips>
  );
});

interface CasesTarget {
  site: string | undefined;
  structure: string | undefined;
  model: string | undefined;
}

interface CasesLink {
  href: string;
  onClick: (event: MouseEvent<HTMLAnchorElement>) => void;
}

/** Plain links that the router follows: a thousand of its own links would each listen to every change of address. */
function useCasesLink(runId: string): (search: CasesTarget) => CasesLink {
  const router = useRouter();
  return (search) => {
    const target = { to: "/runs/$runId/cases", params: { runId }, search } as const;
    return {
      href: router.buildLocation(target).href,
      onClick: (event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        void router.navigate(target);
      },
    };
  };
}

interface RowProps extends Props {
  row: MatrixRow;
  casesOf: ReturnType<typeof useCasesLink>;
}

function Row(props: RowProps & { first: boolean; parted: boolean }) {
  const { row, matrix, federation, first, parted } = props;
  const slug = row.model.startsWith("personalized/") ? row.model.slice("personalized/".length) : null;
  return (
    <Table.Tr data-parted={parted}>
      <Table.Th scope="row" className={classes.model}>
        {slug ? (
          <SiteMark {...siteLook(slug, federation)} />
        ) : (
          <Text size="sm" fw={500}>
            {matrixRowName(row.model, (name) => name)}
          </Text>
        )}
        {slug && (
          <Text size="xs" c="dimmed" fw={400}>
            personalized model
          </Text>
        )}
      </Table.Th>
      {[null, ...matrix.sites].map((place, index) => (
        <Cell
          key={place ?? "all"}
          {...props}
          cell={row.cells.find((cell) => cell.site_slug === place)}
          slug={place}
          entry={first && index === 0}
        />
      ))}
    </Table.Tr>
  );
}

function Cell(props: RowProps & { cell: MatrixCell | undefined; slug: string | null; entry: boolean }) {
  const { row, cell, slug, matrix, view, casesOf, federation, dark, entry } = props;
  if (!cell || cell.mean === null || !view.scale) {
    return (
      <Table.Td className={classes.cell}>
        <Text
          c="dimmed"
          ta="center"
          size="sm"
          data-tip={row.model === "own" ? "a site that did not train has no model of its own" : "no case has a value"}
          tabIndex={entry ? 0 : -1}
        >
          –
        </Text>
      </Table.Td>
    );
  }
  const { background, text } = heatColour(view.scale.goodness(cell.mean), dark);
  const siteName = (name: string) => siteLook(name, federation).name;
  const place = slug === null ? "all sites that train" : siteName(slug);
  const words = matrixCellWords(cell, matrixRowName(row.model, siteName), place);
  const tip = cell.best ? `${words}\nbest of the column` : words;
  return (
    <Table.Td className={classes.cell}>
      <a
        {...casesOf({
          site: slug ?? undefined,
          structure: matrix.structure ?? undefined,
          model: viewerModel(row.model, slug),
        })}
        className={classes.value}
        data-best={cell.best}
        data-own={isOwnModel(row.model, slug)}
        data-tip={tip}
        aria-description={tip}
        tabIndex={entry ? 0 : -1}
        style={{ background, color: text }}
      >
        {cell.text}
      </a>
    </Table.Td>
  );
}
