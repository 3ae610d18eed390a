import { Alert, Anchor, Box, Button, Container, Group, List, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconAlertTriangle, IconFileTypePdf, IconLinkOff, IconPrinter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useId, useState } from "react";
import { ApiError, type Report, type SharedReport } from "@/api";
import { EffortTable } from "@/components/EffortTable";
import { EmptyState, ErrorPanel, PageSkeleton } from "@/components/Feedback";
import { Isolated } from "@/components/Isolated";
import { DownloadButton } from "@/components/links";
import { OnThisPage } from "@/components/OnThisPage";
import { VerdictWords } from "@/components/VerdictWords";
import { formatDateTime } from "@/lib/format";
import { sharedReportQuery } from "./queries";
import classes from "./Report.module.css";
import { ReportCharts } from "./ReportCharts";
import { GapSection } from "./ReportGap";
import { PicturesSection } from "./ReportPictures";
import { ReportSettings } from "./ReportSettings";
import { ConfusionTable, MatrixTable, ResultTables, SitesTable } from "./ReportTables";
import { hasDeviations } from "./reports";

const route = getRouteApi("/reports/$token");

/** A frozen report, for everybody who has its link. */
export function ReportPage() {
  const { token } = route.useParams();
  const shared = useQuery(sharedReportQuery(token));
  useDocumentTitle(`${shared.data?.report.title ?? "Report"} · FedSM Studio`);
  return (
    <Container size={1040} py="lg" component="main" className={classes.page}>
      {shared.data ? (
        <Document shared={shared.data} token={token} />
      ) : shared.error ? (
        <NoReport error={shared.error} />
      ) : (
        <PageSkeleton />
      )}
    </Container>
  );
}

/** Unknown, revoked and expired links each say what to do; anything else can be tried again. */
function NoReport({ error }: { error: Error }) {
  const status = error instanceof ApiError ? error.status : 0;
  if (status !== 404 && status !== 410) return <ErrorPanel title="The report could not be loaded" error={error} />;
  return (
    <EmptyState icon={IconLinkOff} title={status === 410 ? "This link no longer works" : "No report at this link"}>
      {error.message.charAt(0).toUpperCase() + error.message.slice(1)}.
    </EmptyState>
  );
}

function Document({ shared, token }: { shared: SharedReport; token: string }) {
  const { report } = shared;
  return (
    <Stack gap="xl">
      <Group justify="space-between" className={classes.screenOnly}>
        <Group gap={8}>
          <img src="/favicon.svg" width={22} height={22} alt="" />
          <Text size="sm" c="dimmed">
            Report by FedSM Studio
            {shared.expires_at && `, open until ${formatDateTime(shared.expires_at)}`}
          </Text>
        </Group>
        <Group gap="xs">
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPrinter size={16} aria-hidden />}
            onClick={() => window.print()}
          >
            Print
          </Button>
          <DownloadButton
            variant="default"
            size="xs"
            leftSection={<IconFileTypePdf size={16} aria-hidden />}
            href={shared.pdf_path}
          >
            Download PDF
          </DownloadButton>
        </Group>
      </Group>
      <Head report={report} />
      <OnThisPage gap="xl">
        <Sections report={report} token={token} />
      </OnThisPage>
    </Stack>
  );
}

function Sections({ report, token }: { report: Report; token: string }) {
  return (
    <>
      {report.verdict && report.verdict.length > 0 && (
        <Section title="What came out">
          <VerdictWords headline={report.verdict[0] ?? ""} details={report.verdict.slice(1)} prominent />
        </Section>
      )}
      <Remarks report={report} />
      <Section title="Sites">
        <SitesTable report={report} />
      </Section>
      <Section title="Results on the test cases">
        <Text size="sm" c="dimmed">
          Models of {report.checkpoint === "best" ? "each run's best round by validation;" : "each run's last round;"}{" "}
          mean over cases, {hasDeviations(report) ? "then mean ± standard deviation over seeds" : "of one seed"}; the
          best of a column in bold, of those over the same cases. All sites: the cases of the sites that train, pooled.
          {report.baseline &&
            ` † differs from ${report.baseline.label} (${report.baseline.model} model), adjusted p < 0.05: ${report.baseline.test}. Below a mean: its difference from it, with its interval.`}
        </Text>
        <ResultTables report={report} />
      </Section>
      {report.pictures && (
        <Section title="Worst, median and best case">
          <PicturesSection pictures={report.pictures} report={report} token={token} />
        </Section>
      )}
      {(report.efforts ?? []).length > 0 && (
        <Section title="What training took" folds>
          <EffortTable
            efforts={(report.efforts ?? []).map((effort) => ({ ...effort, strategy_label: effort.label }))}
            withMethod
          />
        </Section>
      )}
      {report.gap && (
        <Section title="Where the score is lost against centralized training" folds>
          <GapSection gap={report.gap} report={report} />
        </Section>
      )}
      {report.matrix && (
        <Section title="Every model on every site" folds>
          <MatrixTable matrix={report.matrix} report={report} />
        </Section>
      )}
      {report.selector && (
        <Section title="Model selector" folds>
          <ConfusionTable selector={report.selector} report={report} />
        </Section>
      )}
      <ReportCharts report={report} />
      <Section title="Methods and settings">
        <ReportSettings report={report} />
      </Section>
    </>
  );
}

function Head({ report }: { report: Report }) {
  return (
    <Stack gap="sm">
      <Title order={1} style={{ overflowWrap: "anywhere" }}>
        <Isolated>
          <Isolated>{report.title}</Isolated>
        </Isolated>
      </Title>
      <Text size="sm" c="dimmed">
        {report.experiment_name} · federation {report.federation_name} · frozen on {formatDateTime(report.frozen_at)} by{" "}
        {report.frozen_by}
      </Text>
      {report.description && <Text>{report.description}</Text>}
      {report.note && (
        <Box className={classes.note} data-testid="report-note">
          {report.note}
        </Box>
      )}
    </Stack>
  );
}

/** What must be known before the numbers are read. */
function Remarks({ report }: { report: Report }) {
  return (
    <Stack gap="sm">
      <Alert color="gray" icon={<IconAlertTriangle aria-hidden />} title="Remarks">
        <List size="sm" spacing={4}>
          {report.remarks.map((remark) => (
            <List.Item key={remark}>{remark}</List.Item>
          ))}
        </List>
      </Alert>
      <Anchor href="#provenance" size="sm" className={classes.screenOnly}>
        Where these numbers come from
      </Anchor>
    </Stack>
  );
}

interface SectionProps {
  title: string;
  /** It unfolds; all of it is printed. */
  folds?: boolean;
  children: React.ReactNode;
}

function Section({ title, folds = false, children }: SectionProps) {
  const [open, setOpen] = useState(!folds);
  const id = useId();
  return (
    <Stack gap="sm" component="section">
      <Group gap="sm">
        <Title order={2} size="h3">
          {title}
        </Title>
        {folds && (
          <Button
            variant="default"
            size="compact-xs"
            className={classes.screenOnly}
            aria-expanded={open}
            aria-controls={id}
            aria-label={`${open ? "Hide" : "Show"}: ${title}`}
            onClick={() => setOpen(!open)}
          >
            {open ? "Hide" : "Show"}
          </Button>
        )}
      </Group>
      <Stack gap="sm" id={id} className={classes.folded} data-open={open}>
        {children}
      </Stack>
    </Stack>
  );
}
