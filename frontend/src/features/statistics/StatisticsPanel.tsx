import { Card, Text, Title } from "@mantine/core";
import { IconChartHistogram } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FederationRecord, leakageQuery, statisticsQuery } from "@/api";
import { AlikePairs } from "@/components/AlikePairs";
import { Allowed, AllowedSomewhere } from "@/components/Allowed";
import { EmptyState, Loaded, RowsSkeleton } from "@/components/Feedback";
import { LinkButton, TextLink } from "@/components/links";
import { OnThisPage } from "@/components/OnThisPage";
import { useMay } from "@/components/useMay";
import { Distances } from "./Distances";
import { Leakage } from "./Leakage";
import { SideBySide } from "./SideBySide";
import { SiteCharts } from "./SiteCharts";

/** How alike the sites' data are, by numbers in which no case can be seen; and images that are in two places. */
export function StatisticsPanel({ federation }: { federation: FederationRecord }) {
  const statistics = useQuery(statisticsQuery(federation.id));
  const maySeeCases = useMay("read_data", federation.id);
  const leakage = useQuery({ ...leakageQuery(federation.id), enabled: maySeeCases });
  return (
    <Loaded query={statistics} skeleton={<RowsSkeleton />}>
      {(found) =>
        found.sites.length === 0 ? (
          <EmptyState
            icon={IconChartHistogram}
            title="No data yet"
            action={
              <AllowedSomewhere permission="manage_data" federationId={federation.id} who="Data are registered by">
                <LinkButton
                  to="/federations/$federationId/datasets/new"
                  params={{ federationId: federation.id }}
                  search={{}}
                >
                  Register data set
                </LinkButton>
              </AllowedSomewhere>
            }
          >
            Once a site's data set is checked and in use, its statistics stand here next to those of the others.
          </EmptyState>
        ) : (
          <OnThisPage gap="md">
            <Card withBorder>
              <Title order={2} size="h4" mb="xs">
                Side by side
              </Title>
              <SideBySide statistics={found} federation={federation} />
            </Card>
            <SiteCharts statistics={found} federation={federation} />
            {found.sites.length > 1 && (
              <Card withBorder>
                <Title order={2} size="h4" mb={4}>
                  How far apart the sites are
                </Title>
                <Distances statistics={found} federation={federation} />
              </Card>
            )}
            <Allowed permission="read_data" federationId={federation.id} who="Cases in two places are seen by">
              <Card withBorder>
                <Title order={2} size="h4" mb={4}>
                  Images in two places
                </Title>
                <Loaded query={leakage} skeleton={<RowsSkeleton rows={2} />}>
                  {(report) => <Leakage report={report} />}
                </Loaded>
              </Card>
              <Card withBorder>
                <Title order={2} size="h4" mb="xs">
                  Possibly the same patient
                </Title>
                <AlikePairs federationId={federation.id} />
              </Card>
            </Allowed>
            <Text size="xs" c="dimmed">
              Counts below a site's threshold are shown as a bound, and its cases are in none of the other numbers. What
              is computed, and what is not protected against, is in{" "}
              <TextLink
                to="/help/$document"
                params={{ document: "data" }}
                hash="statistics"
                search={{}}
                inherit
                underline="always"
              >
                the help
              </TextLink>
              . Statistics and reports hide small counts from readers outside; the Sites tab and the results show every
              count to everybody who is signed in.
            </Text>
          </OnThisPage>
        )
      }
    </Loaded>
  );
}
