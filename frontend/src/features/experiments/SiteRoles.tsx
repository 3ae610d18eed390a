import { SegmentedControl, Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { datasetsQuery, type FederationRecord, type FieldProblem, type SiteRecord } from "@/api";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { checkSentence } from "@/lib/checks";
import { plural } from "@/lib/format";
import { isActive, SPLITS } from "@/lib/sites";
import type { ExperimentForm } from "./formValues";
import { errorAt } from "./formValues";

interface Props {
  federation: FederationRecord;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
}

const SPLIT_NAMES = { train: "Train", val: "Val", test: "Test" };
/** The colour of the card, because rows scroll below head and foot. */
const SURFACE = "light-dark(var(--mantine-color-white), var(--mantine-color-dark-6))";
/** With more sites than this, they scroll in a box of their own. */
const MANY = 12;

/** Who trains, and on whom every model is only tested, as on a hospital that the federation has never seen. */
export function SiteRoles({ federation, form, problems }: Props) {
  const heldOut = form.values.held_out_sites;
  const sites = federation.sites.filter(isActive);
  const unknown = heldOut.filter((slug) => !sites.some((site) => site.slug === slug));
  const error = errorAt(problems, "held_out_sites");
  return (
    <>
      <Text size="sm" c="dimmed">
        A site held out does not train: every model is tested on its test cases, as on those of a hospital that the
        federation has never seen.
      </Text>
      {error && (
        <Text size="sm" c="red" role="alert">
          {error}
        </Text>
      )}
      <Table.ScrollContainer minWidth={600} maxHeight={sites.length > MANY ? 520 : undefined}>
        <Table
          verticalSpacing={6}
          stickyHeader
          styles={{ thead: { background: SURFACE }, tfoot: { background: SURFACE } }}
          aria-label="Sites of the experiment"
        >
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Site</Table.Th>
              <Table.Th>State</Table.Th>
              {SPLITS.map((split) => (
                <Table.Th key={split} ta="right">
                  {SPLIT_NAMES[split]}
                </Table.Th>
              ))}
              <Table.Th>Role</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {sites.map((site) => (
              <SiteRow key={site.id} {...{ site, federation, form }} />
            ))}
          </Table.Tbody>
          <Totals sites={sites} heldOut={heldOut} />
        </Table>
      </Table.ScrollContainer>
      {unknown.length > 0 && (
        <Text size="sm">
          Held out but not in this federation: {unknown.join(", ")}.{" "}
          <Text
            component="button"
            type="button"
            size="sm"
            c="petrol"
            td="underline"
            style={{ background: "none", border: 0, padding: 0, cursor: "pointer" }}
            onClick={() =>
              form.setFieldValue(
                "held_out_sites",
                heldOut.filter((slug) => !unknown.includes(slug)),
              )
            }
          >
            Leave {unknown.length === 1 ? "it" : "them"} out
          </Text>
        </Text>
      )}
    </>
  );
}

function Totals({ sites, heldOut }: { sites: readonly SiteRecord[]; heldOut: readonly string[] }) {
  const used = sites.filter(hasData);
  const out = used.filter((site) => heldOut.includes(site.slug)).length;
  const sum = (split: (typeof SPLITS)[number]) => used.reduce((total, site) => total + (site.num_cases[split] ?? 0), 0);
  return (
    <Table.Tfoot style={{ position: "sticky", bottom: 0, zIndex: 2, boxShadow: `0 16px 0 ${SURFACE}` }}>
      <Table.Tr>
        <Table.Th colSpan={2}>
          {plural(used.length - out, "site trains", "sites train")}
          {out > 0 && `, ${out} held out`}
          {sites.length > used.length && `, ${sites.length - used.length} without data`}
        </Table.Th>
        {SPLITS.map((split) => (
          <Table.Th key={split} ta="right">
            {sum(split)}
          </Table.Th>
        ))}
        <Table.Th>cases</Table.Th>
      </Table.Tr>
    </Table.Tfoot>
  );
}

function hasData(site: SiteRecord): boolean {
  return SPLITS.some((split) => (site.num_cases[split] ?? 0) > 0);
}

function SiteRow({ site, federation, form }: { site: SiteRecord; federation: FederationRecord; form: ExperimentForm }) {
  const heldOut = form.values.held_out_sites;
  const setRole = (role: string) => {
    const others = heldOut.filter((slug) => slug !== site.slug);
    const next = role === "held-out" ? [...others, site.slug] : others;
    const place = (slug: string) => federation.sites.findIndex((entry) => entry.slug === slug);
    form.setFieldValue(
      "held_out_sites",
      next.sort((left, right) => place(left) - place(right)),
    );
  };
  return (
    <Table.Tr>
      <Table.Td style={{ maxWidth: 260 }} title={site.name}>
        <SiteMark position={site.position} name={site.name} wrap />
      </Table.Td>
      <Table.Td>
        <StateBadge state={site.state} size="sm" />
      </Table.Td>
      {SPLITS.map((split) => (
        <Table.Td key={split} ta="right">
          {hasData(site) ? (site.num_cases[split] ?? 0) : "–"}
        </Table.Td>
      ))}
      <Table.Td>
        {hasData(site) ? (
          <SegmentedControl
            size="xs"
            aria-label={`Role of ${site.name}`}
            value={heldOut.includes(site.slug) ? "held-out" : "trains"}
            onChange={setRole}
            data={[
              { value: "trains", label: "Trains" },
              { value: "held-out", label: "Held out" },
            ]}
          />
        ) : (
          <NoData site={site} federationId={federation.id} />
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** Why a site has no case to train on: nothing is registered, or what is registered cannot be used yet. */
function NoData({ site, federationId }: { site: SiteRecord; federationId: string }) {
  const datasets = useQuery(datasetsQuery(federationId));
  if (datasets.isPending) return <Skeleton h={20} w={160} />;
  const registered = datasets.data?.find((dataset) => dataset.site_id === site.id);
  if (registered) {
    return (
      <TextLink size="sm" to="/datasets/$datasetId" params={{ datasetId: registered.id }} search={{}}>
        {checkSentence(registered)}
      </TextLink>
    );
  }
  return (
    <>
      <TextLink
        size="sm"
        to="/federations/$federationId/datasets/new"
        params={{ federationId }}
        search={{ site: site.id }}
      >
        No data: register some
      </TextLink>
      {site.unserved && (
        <Text size="xs" c="dimmed">
          {site.unserved}
        </Text>
      )}
    </>
  );
}
