import { Alert, Button, Grid, Group, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState } from "react";
import { ApiError, type FederationRecord, type FieldProblem } from "@/api";
import { ALL_FEDERATIONS, federationCrumb } from "@/components/crumbs";
import { Isolated } from "@/components/Isolated";
import { Keys } from "@/components/Keys";
import { Page } from "@/components/Page";
import { useShortcuts } from "@/components/useShortcuts";
import type { JsonSchema } from "@/lib/schema";
import { axesOf, firstConfig } from "./axes";
import { DraftActions } from "./DraftActions";
import { type DraftPlace, dropDraft, keepDraft, watchDraft } from "./draft";
import {
  byOrder,
  changesFrom,
  changesOf,
  newStrategy,
  type StrategyValues,
  type Values,
  withDefaults,
} from "./formValues";
import { Notice, type NoticeText } from "./Notice";
import { type AddedMethod, addedName } from "./Problems";
import { experimentCheckQuery } from "./queries";
import { Review } from "./Review";
import { StepBar } from "./StepBar";
import { StepContent } from "./StepContent";
import { Summary } from "./Summary";
import { neighbour, STEP_HELP, STEP_WORDS, type Step } from "./steps";
import { withSwept } from "./sweep";
import { useCreate } from "./useCreate";
import { useSweepPlan } from "./useSweepPlan";

const route = getRouteApi("/federations/$federationId/experiments/new");
const CHECK_DELAY_MS = 300;
const RESTORED = "This is your draft, as you left it in this browser.";

const OTHER_TAB =
  "Another tab changes the same draft. Both go on; what this browser keeps is what was changed last, in either tab.";

interface Props {
  federation: FederationRecord;
  schema: JsonSchema;
  /** The defaults, which the review compares with. */
  starting: Values;
  /** What the form opens with. */
  first: Values;
  /** What it opens with when there is no draft. */
  fresh: Values;
  place: DraftPlace;
  /** The experiment that this one is a copy of. */
  origin?: string;
  hasDraft: boolean;
}

export function ExperimentSetup({ federation, schema, starting, first, fresh, place, origin, hasDraft }: Props) {
  const { step = "task" } = route.useSearch();
  const navigate = route.useNavigate();
  const [notice, setNotice] = useState<NoticeText | null>(hasDraft ? { text: RESTORED } : null);
  const takeRefusalBack = useRef(() => {});
  const form = useForm<Values>({
    initialValues: first,
    onValuesChange: (values) => {
      keepDraft(place, values);
      takeRefusalBack.current();
    },
  });
  const config = useMemo(() => firstConfig(form.values, axesOf(form.values, schema)), [form.values, schema]);
  const [settled] = useDebouncedValue(config, CHECK_DELAY_MS);
  const check = useQuery(experimentCheckQuery(federation.id, settled));
  const checkProblems = check.error instanceof ApiError ? check.error.fields : (check.data?.problems ?? []);
  const sweep = useSweepPlan(federation.id, schema, form.values, checkProblems, CHECK_DELAY_MS);
  const { create, progress, forget } = useCreate(federation, form.values, sweep, place);
  takeRefusalBack.current = () => create.isError && create.reset();
  const createProblems = create.error instanceof ApiError ? create.error.fields : [];
  const known: FieldProblem[] = [...checkProblems, ...sweep.problems];
  const problems = [...known, ...createProblems];
  const changes = withSwept(changesOf(schema, form.values, starting), sweep.axes, form.values);
  const otherError = create.error && createProblems.length === 0 ? create.error : null;
  const heading = useGo(step);
  const go = (next: Step) => void navigate({ search: (old) => ({ ...old, step: next === "task" ? undefined : next }) });
  const replaceAll = (values: Values, next: NoticeText | null) => {
    form.setValues(values);
    setNotice(next);
  };
  const fillFrom = (values: Values, from: string) => {
    const before = form.values;
    const undo = { label: "Undo", act: () => replaceAll(before, null) };
    replaceAll(withDefaults(schema, values), { text: `Every setting is now as in ${from}.`, remedy: undo });
  };
  const add = (method: AddedMethod) => {
    const before = form.values.strategies;
    const added = { ...newStrategy(schema, String(method.name)), ...method } as StrategyValues;
    form.setFieldValue("strategies", [...before, added].sort(byOrder));
    const undo = () => {
      form.setFieldValue("strategies", before);
      setNotice(null);
    };
    setNotice({ text: `${addedName(method)} is added to the methods.`, remedy: { label: "Undo", act: undo } });
  };
  const replaced = useRef(replaceAll);
  replaced.current = replaceAll;
  useEffect(
    () =>
      watchDraft(place, starting, (theirs) =>
        setNotice({
          text: OTHER_TAB,
          remedy: { label: "Take what the other tab has", act: () => replaced.current(theirs, null) },
        }),
      ),
    [place, starting],
  );
  const after = neighbour(step, 1);
  useShortcuts("setup", { next: () => after && go(after) }, after !== undefined);
  return (
    <Page
      help={STEP_HELP[step]}
      title="New experiment"
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation, "experiments")]}
      subtitle={
        origin ? (
          <>
            A copy of <Isolated>{origin}</Isolated>. Nothing of the original changes.
          </>
        ) : (
          "One question: the same data, network and schedule, and the methods to compare on them."
        )
      }
      actions={
        <DraftActions
          federation={federation}
          form={form}
          axes={sweep.axes}
          onSay={(text) => setNotice({ text })}
          isCopy={origin !== undefined}
          onFill={fillFrom}
          onDiscard={() => {
            replaceAll(fresh, null);
            dropDraft(place);
            forget();
            go("task");
          }}
        />
      }
    >
      <Stack gap="lg">
        <StepBar step={step} problems={problems} named={form.values.name.trim() !== ""} onGo={go} />
        {notice && <Notice notice={notice} onClose={() => setNotice(null)} />}
        {otherError && <Alert color="red">{otherError.message}</Alert>}
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: step === "review" ? 12 : 8 }}>
            <Stack>
              <Text component="h2" fz="h3" fw={600} m={0} tabIndex={-1} ref={heading} style={{ outline: "none" }}>
                {STEP_WORDS[step].title}
              </Text>
              {step === "review" ? (
                <Review
                  federation={federation}
                  config={config}
                  changes={changes}
                  check={check.data}
                  problems={known}
                  refused={createProblems}
                  progress={progress}
                  named={form.values.name.trim() !== ""}
                  sweep={sweep}
                  original={
                    origin === undefined
                      ? undefined
                      : { name: origin, changes: withSwept(changesFrom(fresh, form.values), sweep.axes, form.values) }
                  }
                  pending={create.isPending}
                  onCreate={(start) => create.mutate(start)}
                  onGo={go}
                  onAdd={add}
                />
              ) : (
                <StepContent {...{ step, federation, schema, form, problems }} check={check.data} onFill={fillFrom} />
              )}
              <StepButtons step={step} onGo={go} />
            </Stack>
          </Grid.Col>
          {step !== "review" && (
            <Grid.Col span={{ base: 12, md: 4 }}>
              <Summary
                federation={federation}
                config={config}
                changes={changes}
                check={check.data}
                problems={problems}
                sweep={sweep.plan}
                onReview={() => go("review")}
              />
            </Grid.Col>
          )}
        </Grid>
      </Stack>
    </Page>
  );
}

/** The heading of the step, which gets the focus when the step changes: a screen reader then says where it is. */
function useGo(step: Step) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    heading.current?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }, [step]);
  return heading;
}

function StepButtons({ step, onGo }: { step: Step; onGo: (step: Step) => void }) {
  const back = neighbour(step, -1);
  const next = neighbour(step, 1);
  return (
    <Group justify="space-between">
      {back ? (
        <Button variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />} onClick={() => onGo(back)}>
          {STEP_WORDS[back].label}
        </Button>
      ) : (
        <span />
      )}
      {next && (
        <Group gap="sm">
          <Text size="xs" component="span" visibleFrom="sm">
            <Keys group="setup" name="next" />
          </Text>
          <Button rightSection={<IconArrowRight size={16} aria-hidden />} onClick={() => onGo(next)}>
            {STEP_WORDS[next].label}
          </Button>
        </Group>
      )}
    </Group>
  );
}
