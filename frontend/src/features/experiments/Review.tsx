import { Alert, Anchor, Button, Card, Grid, Group, List, Stack, Text, Title } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import type { ConfigCheckResult, ExperimentConfig, FederationRecord, FieldProblem } from "@/api";
import { Isolated } from "@/components/Isolated";
import { plural } from "@/lib/format";
import type { Difference } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import { Changes } from "./Changes";
import type { Progress } from "./createAll";
import { DryRun } from "./DryRun";
import { MadeSoFar } from "./MadeSoFar";
import { type AddedMethod, Problems } from "./Problems";
import { SweepCost } from "./SweepCost";
import { SweepReview } from "./SweepReview";
import type { Step } from "./steps";
import type { Sweep } from "./useSweepPlan";

interface Props {
  federation: FederationRecord;
  config: ExperimentConfig;
  changes: readonly Difference[];
  check: ConfigCheckResult | undefined;
  /** What is known before anything is created. */
  problems: readonly FieldProblem[];
  /** What was refused when it was created: trying again may help, so it is no reason not to. */
  refused: readonly FieldProblem[];
  progress: Progress;
  named: boolean;
  sweep: Sweep;
  /** Of a copy: the experiment's name, and what is set otherwise in it. */
  original: { name: string; changes: readonly Difference[] } | undefined;
  pending: boolean;
  /** start: at once, too. */
  onCreate: (start: boolean) => void;
  onGo: (step: Step) => void;
  onAdd: (method: AddedMethod) => void;
}

/** What will happen, what differs from the defaults, what it will cost, and what stands in the way. */
export function Review(props: Props) {
  const { federation, config, changes, check, problems, refused, named, sweep, original, pending } = props;
  const { onCreate, onGo, onAdd } = props;
  const isSweep = sweep.axes.length > 0;
  const many = (sweep.plan?.experiments.length ?? 1) > 1 ? ` ${sweep.plan?.experiments.length} experiments` : "";
  const runnable = problems.length === 0 && config.strategies.length > 0 && (!isSweep || sweep.plan !== undefined);
  const ready = named && runnable;
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Card withBorder>
          <Stack gap="md">
            {sweep.plan ? (
              <SweepReview plan={sweep.plan} />
            ) : (
              <Runs config={config} check={check} clean={problems.length === 0 && !isSweep} />
            )}
            {original && (
              <div data-testid="differs-from-original">
                <Title order={3} size="h5" mb={4}>
                  Differs from <Isolated>{original.name}</Isolated>
                </Title>
                {original.changes.length === 0 ? (
                  <Text size="sm">Nothing: it would train the same runs again.</Text>
                ) : (
                  <Changes
                    changes={original.changes}
                    strategies={config.strategies}
                    federation={federation}
                    standard="original"
                  />
                )}
              </div>
            )}
            <div>
              <Title order={3} size="h5" mb={4}>
                Differs from the defaults
              </Title>
              <Changes changes={changes} strategies={config.strategies} federation={federation} />
            </div>
          </Stack>
        </Card>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Card withBorder>
          <Stack gap="md">
            <Problems problems={[...problems, ...refused]} strategies={config.strategies} onGo={onGo} />
            <Problems
              kind="warning"
              problems={check?.warnings ?? []}
              strategies={config.strategies}
              onGo={onGo}
              onAdd={onAdd}
            />
            {sweep.error && (
              <Alert color="red" title="The experiments of the sweep are not known">
                {sweep.error.message}{" "}
                <Anchor component="button" type="button" size="sm" onClick={sweep.retry}>
                  Try again
                </Anchor>
              </Alert>
            )}
            {isSweep && !sweep.plan && !sweep.error && problems.length === 0 && (
              <Text size="sm" c="dimmed" role="status">
                The experiments of the sweep are counted.
              </Text>
            )}
            {isSweep ? (
              <SweepCost federation={federation} plan={sweep.plan} ready={runnable} />
            ) : (
              <DryRun federation={federation} config={config} ready={runnable} />
            )}
            {!named && (
              <Text size="sm" c="dimmed">
                Give the experiment a name to create it.
              </Text>
            )}
            {!pending && <MadeSoFar federation={federation} progress={props.progress} />}
            <Group>
              <Button
                disabled={!ready}
                loading={pending}
                onClick={() => onCreate(true)}
                leftSection={<IconPlayerPlay size={16} aria-hidden />}
              >
                Create{many} and start
              </Button>
              <Button variant="default" disabled={!ready || pending} onClick={() => onCreate(false)}>
                Create{many} without starting
              </Button>
            </Group>
          </Stack>
        </Card>
      </Grid.Col>
    </Grid>
  );
}

function Runs({ config, check, clean }: { config: ExperimentConfig; check?: ConfigCheckResult; clean: boolean }) {
  const names = config.strategies.map((strategy) => strategy.name);
  const counts = [...new Set(names)].map((name) => ({ name, count: names.filter((other) => other === name).length }));
  return (
    <div>
      <Title order={3} size="h5" mb={4}>
        {check && clean
          ? `${plural(check.num_runs, "run")} on ${plural(check.num_sites, "site")} with data`
          : "Methods"}
      </Title>
      {names.length === 0 && <Text size="sm">No method chosen.</Text>}
      <List size="sm">
        {counts.map(({ name, count }) => (
          <List.Item key={name}>
            {strategyName(name)}
            {count > 1 && `, ${count} settings`}
          </List.Item>
        ))}
      </List>
      {Array.isArray(config.seeds) && config.seeds.length > 1 && (
        <Text size="sm" c="dimmed">
          Each with seeds {config.seeds.join(", ")}.
        </Text>
      )}
    </div>
  );
}
