import { ActionIcon, Card, ColorSwatch, Group, SegmentedControl, Slider, Stack, Text, Tooltip } from "@mantine/core";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { structureColour, tint } from "@/lib/palette";
import { OVERLAY_STYLES, type OverlayStyle } from "./overlayStyles";

/** How far the reference's colour is mixed with white, so that it differs from the prediction's. */
export const REFERENCE_TINT = 0.7;

interface Props {
  structures: string[];
  hidden: readonly number[];
  reference: OverlayStyle;
  prediction: OverlayStyle;
  opacity: number;
  onReference: (style: OverlayStyle) => void;
  onPrediction: (style: OverlayStyle) => void;
  onOpacity: (opacity: number) => void;
  onToggle: (structure: number) => void;
  /** false: they stand elsewhere. */
  eyes?: boolean;
}

export function OverlayControls(props: Props) {
  return (
    <Card withBorder padding="xs">
      <Group gap="sm" justify="space-between">
        <StyleChoice label="Reference" value={props.reference} onChange={props.onReference} />
        <StyleChoice label="Prediction" value={props.prediction} onChange={props.onPrediction} />
        <Stack gap={2} w={96}>
          <Text size="xs" c="dimmed">
            Opacity {Math.round(props.opacity * 100)} %
          </Text>
          <Slider
            size="sm"
            min={0}
            max={1}
            step={0.05}
            label={null}
            value={props.opacity}
            onChange={props.onOpacity}
            thumbLabel="Opacity of the overlays"
          />
        </Stack>
        {props.eyes !== false && <StructureEyes {...props} />}
      </Group>
    </Card>
  );
}

/** Each structure, its colours, and whether it is shown. */
export function StructureEyes({ structures, hidden, onToggle }: Pick<Props, "structures" | "hidden" | "onToggle">) {
  return (
    <Group gap="4px 12px">
      {structures.map((name, index) => (
        <StructureEye
          key={name}
          name={name}
          index={index}
          hidden={hidden.includes(index)}
          onToggle={() => onToggle(index)}
        />
      ))}
    </Group>
  );
}

function StyleChoice({
  label,
  value,
  onChange,
}: {
  label: string;
  value: OverlayStyle;
  onChange: (style: OverlayStyle) => void;
}) {
  return (
    <Stack gap={2}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <SegmentedControl
        size="xs"
        aria-label={label}
        data={OVERLAY_STYLES.map((style) => ({ value: style, label: style }))}
        value={value}
        onChange={(next) => onChange(next as OverlayStyle)}
      />
    </Stack>
  );
}

function StructureEye({
  name,
  index,
  hidden,
  onToggle,
}: {
  name: string;
  index: number;
  hidden: boolean;
  onToggle: () => void;
}) {
  const [red, green, blue] = tint(structureColour(index), REFERENCE_TINT);
  return (
    <Group gap={6} wrap="nowrap">
      <Tooltip label={`${hidden ? "Show" : "Hide"} ${name}`}>
        <ActionIcon
          variant="subtle"
          color="gray"
          onClick={onToggle}
          aria-label={`${hidden ? "Show" : "Hide"} ${name}`}
          aria-pressed={!hidden}
        >
          {hidden ? <IconEyeOff size={18} /> : <IconEye size={18} />}
        </ActionIcon>
      </Tooltip>
      <div>
        <Text size="sm" lh={1.2} c={hidden ? "dimmed" : undefined}>
          {name}
        </Text>
        <Group gap={4} wrap="nowrap">
          <ColorSwatch size={9} color={`rgb(${red}, ${green}, ${blue})`} aria-hidden />
          <Text size="10px" c="dimmed">
            ref.
          </Text>
          <ColorSwatch size={9} color={structureColour(index)} aria-hidden />
          <Text size="10px" c="dimmed">
            pred.
          </Text>
        </Group>
      </div>
    </Group>
  );
}
