import { Alert, Group, Progress, SegmentedControl, Select, Skeleton, Stack, Table, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { Suspense, useState } from "react";
import type { FederationRecord, ModelSet, PredictionRecord } from "@/api";
import { DownloadButton } from "@/components/links";
import { SiteMark } from "@/components/SiteMark";
import { Unlike } from "@/components/Unlike";
import type { Layer, Plane } from "@/components/viewer/layers";
import { VolumeControls } from "@/components/viewer/VolumeControls";
import type { VolumeInfo } from "@/components/viewer/viewer";
import { explainChoice } from "@/lib/explain";
import { formatPercent } from "@/lib/format";
import { rgb, siteColour, structureColour } from "@/lib/palette";
import { lazyPart } from "@/lib/patientImport";
import { siteLook, siteName } from "@/lib/sites";
import { modelName } from "@/lib/words";

const Viewer = lazyPart(() => import("@/components/viewer/Viewer"));
const route = getRouteApi("/runs/$runId/model");
const OPACITY = 0.5;
const FEW_MODELS = 5;
/** Masks as one file of all structures. */
const SEGMENTATIONS = {
  "seg-nrrd": { label: "All structures for 3D Slicer (.seg.nrrd)", suffix: ".seg.nrrd" },
  "dicom-seg": { label: "All structures as DICOM-SEG", suffix: ".seg.dcm" },
};

interface Props {
  prediction: PredictionRecord;
  set: ModelSet;
  federation: FederationRecord;
}

/** The image with a model's mask; what the selector said; sizes and files. */
export function Predicted({ prediction, set, federation }: Props) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [volume, setVolume] = useState<VolumeInfo | null>(null);
  const [plane, setPlane] = useState<Plane>("axial");
  const [slice, setSlice] = useState<number>();
  const [window, setWindow] = useState<[number, number]>();
  const nameOf = (slug: string) => siteName(federation, slug);
  const mask = prediction.masks.find((entry) => entry.model === search.model) ?? prediction.masks[0];
  if (!mask || !prediction.image_url) return null;
  const structures = set.task.structures.map((structure) => structure.name);
  const layers: Layer[] = structures.map((_, structure) => ({
    url: mask.mask_url,
    structure,
    style: "fill",
    colour: rgb(structureColour(structure)),
    above: structures.flatMap((_name, other) => (other > structure ? [other] : [])),
  }));
  return (
    <Group align="stretch" gap="md" wrap="nowrap">
      <Stack flex={1} gap="xs" style={{ minWidth: 0 }}>
        <Unlike words={prediction.unlike} />
        {prediction.warnings.map(({ code, message }) => (
          <Alert key={code} color="yellow" title="Look at this image">
            {message}
          </Alert>
        ))}
        <ModelChoice
          value={mask.model}
          onChange={(model) => void navigate({ search: (old) => ({ ...old, model }), replace: true })}
          data={prediction.masks.map(({ model }) => ({ value: model, label: modelName(model, nameOf) }))}
        />
        {volume && (
          <VolumeControls
            {...{ volume, plane, slice }}
            worst={undefined}
            window={window ?? volume.window}
            onPlane={(next) => {
              setPlane(next);
              setSlice(undefined);
            }}
            onSlice={setSlice}
            onWindow={setWindow}
          />
        )}
        <div style={{ height: 460 }}>
          <Suspense fallback={<Skeleton h="100%" />}>
            <Viewer
              caseId={prediction.id}
              imageUrl={prediction.image_url}
              unit={prediction.unit === "px" ? "px" : "mm"}
              {...{ layers, plane, slice, window }}
              opacity={OPACITY}
              onShown={setVolume}
              onSlice={setSlice}
            />
          </Suspense>
        </div>
      </Stack>
      <Stack w={300} gap="sm">
        <Why prediction={prediction} federation={federation} nameOf={nameOf} />
        <Table fz="sm" verticalSpacing={4} aria-label="Structures">
          <Table.Tbody>
            {mask.sizes.map((size, index) => (
              <Table.Tr key={size.structure}>
                <Table.Td>
                  <span style={{ borderBottom: `3px solid ${structureColour(index)}` }}>{size.structure}</span>
                </Table.Td>
                <Table.Td ta="right">
                  {Math.round(size.size).toLocaleString()} {prediction.unit}
                </Table.Td>
                <Table.Td>
                  <DownloadButton
                    href={mask.file_urls[size.structure] ?? ""}
                    size="compact-xs"
                    variant="default"
                    leftSection={<IconDownload size={12} aria-hidden />}
                  >
                    mask
                  </DownloadButton>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        {Object.entries(mask.segmentation_urls).map(([form, url]) => (
          <DownloadButton
            key={form}
            href={url}
            download={`${stemOf(prediction.file_name)}${SEGMENTATIONS[form as keyof typeof SEGMENTATIONS].suffix}`}
            size="compact-xs"
            variant="default"
            leftSection={<IconDownload size={12} aria-hidden />}
          >
            {SEGMENTATIONS[form as keyof typeof SEGMENTATIONS].label}
          </DownloadButton>
        ))}
      </Stack>
    </Group>
  );
}

/** `mr` of `mr.nii.gz` */
function stemOf(name: string): string {
  return name.replace(/(\.nii)?\.[^.]*$/, "");
}

interface Choice {
  value: string;
  data: { value: string; label: string }[];
  onChange: (model: string) => void;
}

/** Side by side while they have room. */
function ModelChoice({ value, data, onChange }: Choice) {
  return data.length <= FEW_MODELS ? (
    <SegmentedControl size="xs" aria-label="Model" {...{ value, data, onChange }} />
  ) : (
    <Select
      size="xs"
      aria-label="Model"
      allowDeselect={false}
      {...{ value, data }}
      onChange={(model) => model && onChange(model)}
    />
  );
}

function Why({
  prediction,
  federation,
  nameOf,
}: {
  prediction: PredictionRecord;
  federation: FederationRecord;
  nameOf: (slug: string) => string;
}) {
  const { probabilities, chosen_model: chosen, gamma } = prediction;
  if (!probabilities) {
    return (
      <Text size="sm">This method has no model selector: {modelName(chosen ?? "global", nameOf)} is shown first.</Text>
    );
  }
  return (
    <Stack gap={6}>
      <Text size="sm" data-testid="why">
        {explainChoice(probabilities, chosen, gamma, nameOf, prediction.unlike)}
      </Text>
      {Object.entries(probabilities).map(([slug, probability]) => {
        const { position } = siteLook(slug, federation);
        return (
          <div key={slug}>
            <Group justify="space-between" wrap="nowrap">
              <SiteMark position={position} name={nameOf(slug)} size="xs" />
              <Text size="xs">{formatPercent(probability, 1)}</Text>
            </Group>
            <Progress
              value={Math.round(probability * 1000) / 10}
              color={siteColour(position)}
              size="md"
              aria-label={`Probability of ${nameOf(slug)}`}
            />
          </div>
        );
      })}
    </Stack>
  );
}
