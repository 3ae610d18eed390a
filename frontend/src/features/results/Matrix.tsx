import { Table, Text } from "@mantine/core";
import type { FederationRecord, MatrixCell, MatrixRow, RunMatrix, RunRecord } from "@/api";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { heatColour } from "@/lib/heat";
import { isOwnModel, isRouting, type MatrixView, matrixCellWords, matrixRowName, viewerModel } from "@/lib/matrix";
import { formatScore } from "@/lib/metrics";
import { CellTips } from "./CellTips";
import classes from "./Matrix.module.css";
import { MANY_SITES, siteLook } from "./sites";

interface Props {
  run: RunRecord;
  matrix: RunMatrix;
  view: MatrixView;
  federation: FederationRecord;
  dark: boolean;
}

export function Matrix(props: Props) {
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
}

function Row(props: Props & { row: MatrixRow; first: boolean; parted: boolean }) {
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

function Cell(props: Props & { row: MatrixRow; cell: MatrixCell | undefined; slug: string | null; entry: boolean }) {
  const { row, cell, slug, matrix, view, run, federation, dark, entry } = props;
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
  const best = view.best.get(slug)?.has(row.model) ?? false;
  const words = matrixCellWords(cell, matrixRowName(row.model, siteName), place, matrix);
  const tip = best ? `${words}\nbest of the column` : words;
  return (
    <Table.Td className={classes.cell}>
      <TextLink
        to="/runs/$runId/cases"
        params={{ runId: run.id }}
        search={{
          site: slug ?? undefined,
          structure: matrix.structure ?? undefined,
          model: viewerModel(row.model, slug),
        }}
        className={classes.value}
        data-own={isOwnModel(row.model, slug)}
        data-tip={tip}
        aria-description={tip}
        tabIndex={entry ? 0 : -1}
        underline="never"
        size="sm"
        fw={best ? 700 : 400}
        style={{ background, color: text }}
      >
        {formatScore(cell.mean, matrix.metric)}
      </TextLink>
    </Table.Td>
  );
}
