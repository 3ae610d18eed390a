import { Table, Text } from "@mantine/core";
import type { DryRunEstimate } from "@/api";
import { formatBytes, formatSeconds, plural } from "@/lib/format";

interface Props {
  estimate: DryRunEstimate;
  siteName: (slug: string) => string;
}

function formatMemory({ peak_memory_mib, peak_gpu_memory_mib }: DryRunEstimate): string {
  const main = `${Math.round(peak_memory_mib)} MiB`;
  return peak_gpu_memory_mib === null ? main : `${main}, and ${Math.round(peak_gpu_memory_mib)} MiB of GPU memory`;
}

/** What the experiment is estimated to cost: by method, and in all. */
export function Estimate({ estimate, siteName }: Props) {
  return (
    <>
      <Text size="sm" data-testid="estimate">
        {plural(estimate.num_runs, "run")}: about <b>{formatSeconds(estimate.seconds)}</b> with{" "}
        {plural(estimate.num_processes, "worker process", "worker processes")} for the simulated sites, up to{" "}
        <b>{formatMemory(estimate)}</b> in a process, <b>{formatBytes(estimate.bytes_up)}</b> sent by the sites and{" "}
        <b>{formatBytes(estimate.bytes_down)}</b> received. The backend keeps <b>{formatBytes(estimate.bytes_kept)}</b>{" "}
        in the end, and up to <b>{formatBytes(estimate.bytes_peak)}</b> while the runs train. A round waits longest for{" "}
        {siteName(estimate.slowest_site)}.
      </Text>
      <Table.ScrollContainer minWidth={280}>
        <Table fz="xs" verticalSpacing={3} aria-label="Estimate by method">
          <Table.Thead>
            <Table.Tr>
              <Table.Th pl={0}>Method</Table.Th>
              <Table.Th ta="right">A round</Table.Th>
              <Table.Th ta="right">A run</Table.Th>
              <Table.Th ta="right" title="Sent by all sites together in a round">
                Up a round
              </Table.Th>
              <Table.Th ta="right" title="Received by all sites together in a round">
                Down a round
              </Table.Th>
              <Table.Th ta="right" title="On the backend's disk once a run is completed">
                Kept
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {estimate.strategies.map((strategy) => (
              <Table.Tr key={strategy.strategy_label}>
                <Table.Td pl={0}>{strategy.strategy_label}</Table.Td>
                <Table.Td ta="right">{formatSeconds(strategy.seconds_per_round)}</Table.Td>
                <Table.Td ta="right">{formatSeconds(strategy.seconds)}</Table.Td>
                <Table.Td ta="right">{formatBytes(strategy.bytes_up_per_round)}</Table.Td>
                <Table.Td ta="right">{formatBytes(strategy.bytes_down_per_round)}</Table.Td>
                <Table.Td ta="right">{formatBytes(strategy.bytes_kept)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
