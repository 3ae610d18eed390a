import { SegmentedControl, Table, Text } from "@mantine/core";
import type { FederationRecord, FieldProblem, SiteRecord } from "@/api";
import { TextLink } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { StateBadge } from "@/components/StateBadge";
import { isActive } from "@/lib/sites";
import { errorAt } from "./formValues";
import type { ExperimentForm } from "./SchemaFields";

interface Props {
  federation: FederationRecord;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
}

const SPLITS = ["train", "val", "test"] as const;

/** Who trains, and on whom every model is only tested, as on a hospital that the federation has never seen. */
export function SiteRoles({ federation, form, problems }: Props) {
  const heldOut = form.values.held_out_sites;
  const unknown = heldOut.filter((slug) => !federation.sites.some((site) => site.slug === slug));
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
      <Table.ScrollContainer minWidth={600}>
        <Table verticalSpacing={6} aria-label="Sites of the experiment">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Site</Table.Th>
              <Table.Th>State</Table.Th>
              {SPLITS.map((split) => (
                <Table.Th key={split} ta="right">
                  {split}
                </Table.Th>
              ))}
              <Table.Th>Role</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {federation.sites.filter(isActive).map((site) => (
              <SiteRow key={site.id} {...{ site, federation, form }} />
            ))}
          </Table.Tbody>
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

function SiteRow({ site, federation, form }: { site: SiteRecord; federation: FederationRecord; form: ExperimentForm }) {
  const heldOut = form.values.held_out_sites;
  const hasData = SPLITS.some((split) => (site.num_cases[split] ?? 0) > 0);
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
      <Table.Td style={{ maxWidth: 280 }}>
        <SiteMark position={site.position} name={site.name} />
      </Table.Td>
      <Table.Td>
        <StateBadge state={site.state} size="sm" />
      </Table.Td>
      {SPLITS.map((split) => (
        <Table.Td key={split} ta="right">
          {hasData ? (site.num_cases[split] ?? 0) : "–"}
        </Table.Td>
      ))}
      <Table.Td>
        {hasData ? (
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
          <TextLink
            size="sm"
            to="/federations/$federationId/datasets/new"
            params={{ federationId: federation.id }}
            search={{ site: site.id }}
          >
            No data: register some
          </TextLink>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
