import { Code, Stack, Table, Text, Title } from "@mantine/core";
import type { ChangedSetting, Report, ReportMethod } from "@/api";
import classes from "./Report.module.css";
import { programsText, siteNames } from "./reports";

/** What was run, with what, on which data: enough to do it again. */
export function ReportSettings({ report }: { report: Report }) {
  const name = siteNames(report);
  return (
    <Stack gap="md">
      <div className={classes.scroll}>
        <Table className={classes.table} highlightOnHover={false}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Method</Table.Th>
              <Table.Th>Set otherwise than its defaults</Table.Th>
              <Table.Th>Runs</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.methods.map((method) => (
              <Table.Tr key={method.label}>
                <Table.Td>{method.label}</Table.Td>
                <Table.Td>{settingsText(method.settings) || "all at their defaults"}</Table.Td>
                <Table.Td>
                  {method.runs.map((run) => (
                    <div key={run.seed}>{runText(run)}</div>
                  ))}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Text size="sm">Of the experiment: {settingsText(report.settings) || "everything at its default"}.</Text>
      <Title order={3} size="h5" id="provenance">
        Provenance
      </Title>
      <Text size="sm">
        {programsText(report)}. Experiment {report.experiment_id}. Fingerprints of the data (SHA-256):
      </Text>
      <Stack gap={4}>
        {Object.entries(report.fingerprints).map(([slug, values]) => (
          <Text key={slug} size="xs" style={{ overflowWrap: "anywhere" }}>
            {name(slug)}: {values.join(", ")}
          </Text>
        ))}
      </Stack>
      <Title order={3} size="h5">
        Reproduce
      </Title>
      {report.experiment_file && (
        <Text size="sm">
          Saved as a file, this makes the same runs again: <Code>fedsm experiment create -f FILE</Code>, or New
          experiment, then Import.
        </Text>
      )}
      <Code block className={classes.config} tabIndex={0}>
        {report.experiment_file ?? JSON.stringify(report.config, null, 1)}
      </Code>
    </Stack>
  );
}

function settingsText(settings: readonly ChangedSetting[]): string {
  return settings.map((entry) => `${entry.path} ${entry.value} (not ${entry.default})`).join("; ");
}

function runText(run: ReportMethod["runs"][number]): string {
  const best = run.best_round === null ? "" : `, best round ${run.best_round} of ${run.num_rounds}`;
  return `seed ${run.seed}: ${run.status}${best}${run.failure ? ` (${run.failure})` : ""}`;
}
