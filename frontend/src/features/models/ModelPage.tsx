import { Grid, Stack } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type CurrentModelSet, type FederationRecord, federationQuery } from "@/api";
import { Allowed } from "@/components/Allowed";
import { Archived } from "@/components/Archived";
import { ALL_FEDERATIONS, experimentCrumb, federationCrumb } from "@/components/crumbs";
import { Loaded, PageSkeleton } from "@/components/Feedback";
import { DownloadButton } from "@/components/links";
import { OnThisPage } from "@/components/OnThisPage";
import { Page } from "@/components/Page";
import { formatBytes } from "@/lib/format";
import { ModelExports } from "./ModelExports";
import { ModelFiles } from "./ModelFiles";
import { ModelOrigin } from "./ModelOrigin";
import { ModelScores } from "./ModelScores";
import { roundWords } from "./models";
import { modelQuery } from "./queries";
import { RegisterModel } from "./RegisterModel";
import { Students } from "./Students";
import { TestModel } from "./TestModel";
import { type ChosenThreshold, ThresholdBar, useChosenThreshold } from "./ThresholdBar";
import { TryImage } from "./TryImage";

const route = getRouteApi("/runs/$runId/model");

export function ModelPage() {
  const { runId } = route.useParams();
  const ofRun = useQuery(modelQuery(runId));
  return <Loaded query={ofRun}>{(loaded) => <WithThreshold ofRun={loaded} />}</Loaded>;
}

function WithThreshold({ ofRun }: { ofRun: CurrentModelSet }) {
  const chosen = useChosenThreshold(ofRun);
  return chosen.isLoading ? <PageSkeleton /> : <WithSet ofRun={ofRun} chosen={chosen} />;
}

function WithSet({ ofRun, chosen }: { ofRun: CurrentModelSet; chosen: ChosenThreshold }) {
  const set = useQuery(modelQuery(ofRun.run_id, chosen.threshold));
  const federation = useQuery(federationQuery(ofRun.federation_id));
  return (
    <Loaded query={federation}>
      {(found) => (
        <Loaded query={set}>{(loaded) => <ModelView set={loaded} federation={found} {...{ ofRun, chosen }} />}</Loaded>
      )}
    </Loaded>
  );
}

interface Props {
  /** As it predicts with the threshold that was chosen. */
  set: CurrentModelSet;
  ofRun: CurrentModelSet;
  chosen: ChosenThreshold;
  federation: FederationRecord;
}

function ModelView({ set, ofRun, chosen, federation }: Props) {
  const { threshold } = chosen;
  const experiment = { id: set.experiment_id, name: set.experiment_name };
  return (
    <Page
      help="results#models-and-their-card"
      title={`Models of ${set.strategy_label}`}
      documentTitle={`Models of ${set.strategy_label}, seed ${set.seed}`}
      crumbs={[ALL_FEDERATIONS, federationCrumb(federation, "models"), experimentCrumb(experiment)]}
      badge={set.experiment_archived && <Archived what="Experiment archived" />}
      subtitle={`Seed ${set.seed}, round ${roundWords(set)}. Research software, not a medical device.`}
      actions={
        <>
          <RegisterModel set={set} threshold={threshold} />
          <Allowed permission="move_models" federationId={federation.id} who="Models are downloaded by">
            <DownloadButton href={set.download_url} leftSection={<IconDownload size={16} aria-hidden />}>
              Download ({formatBytes(set.num_bytes)})
            </DownloadButton>
          </Allowed>
        </>
      }
    >
      <OnThisPage gap="lg">
        <Allowed permission="run_experiments" federationId={federation.id}>
          <ThresholdBar ofRun={ofRun} chosen={chosen} />
        </Allowed>
        <Allowed permission="run_experiments" federationId={federation.id} who="Models are tried on images by">
          <TryImage set={set} federation={federation} threshold={threshold} />
        </Allowed>
        <Grid>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Stack>
              <ModelScores set={set} />
              <TestModel set={set} threshold={threshold} />
              <Students set={set} federation={federation} threshold={threshold} />
              <Allowed permission="move_models" federationId={federation.id}>
                <ModelExports set={set} threshold={threshold} />
              </Allowed>
              <ModelFiles set={set} federation={federation} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <ModelOrigin set={set} federation={federation} />
          </Grid.Col>
        </Grid>
      </OnThisPage>
    </Page>
  );
}
