import { Alert, Button, Group, MultiSelect, NumberInput, Stack, Switch, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { ApiError, fieldErrors, type SitePolicy, type SiteRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { notifyDone } from "@/components/notify";
import { useMay } from "@/components/useMay";
import { STRATEGY_GROUPS, strategyName } from "@/lib/words";
import { useSiteChange } from "./useSiteChange";

type Strategies = NonNullable<SitePolicy["allowed_strategies"]>;

const METHODS = STRATEGY_GROUPS.map(({ title, names }) => ({
  group: title,
  items: names.map((name) => ({ value: name, label: strategyName(name) })),
}));

const SWITCHES = [
  {
    field: "may_send_thumbnails",
    label: "Thumbnails may leave",
    description:
      "Small pictures of the used cases with the reference outlined. Off: those sent before are hidden at once.",
  },
  {
    field: "may_send_images",
    label: "Images and references of test cases may leave",
    description: "What the viewer shows beneath the predictions. Off: those sent before are hidden at once.",
  },
  {
    field: "may_send_predictions",
    label: "Predicted masks of test cases may leave",
    description: "Off: those sent before are hidden at once. Scores leave always: without them nothing is compared.",
  },
  {
    field: "may_send_hashes",
    label: "Hashes of images may leave",
    description: "By which copies of an image at other sites are found.",
  },
] as const;

/** What may run at the site and what may leave it; each line is enforced. */
export function SitePolicyForm({ site }: { site: SiteRecord }) {
  const { policy } = site;
  const change = useSiteChange(site);
  const form = useForm({
    initialValues: {
      allMethods: policy.allowed_strategies === null || policy.allowed_strategies === undefined,
      methods: (policy.allowed_strategies ?? []) as string[],
      may_send_thumbnails: policy.may_send_thumbnails ?? true,
      may_send_images: policy.may_send_images ?? true,
      may_send_predictions: policy.may_send_predictions ?? true,
      may_send_hashes: policy.may_send_hashes ?? true,
      minimum_count: policy.minimum_count as number | string | undefined,
    },
    validate: {
      methods: (methods, values) =>
        !values.allMethods && methods.length === 0 ? "Name at least one method, or allow all." : null,
    },
  });
  const save = form.onSubmit(({ allMethods, methods, minimum_count, ...switches }) =>
    change.mutate(
      {
        policy: {
          ...switches,
          minimum_count: Number(minimum_count),
          allowed_strategies: allMethods ? null : (methods as Strategies),
        },
      },
      {
        onSuccess: () => {
          notifyDone(`The policy of ${site.name} is saved.`);
          form.resetDirty();
        },
        onError: (error) => {
          if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields.map(inForm)));
        },
      },
    ),
  );
  const maySave = useMay("manage_sites", site.federation_id, site.id);
  return (
    <form onSubmit={save}>
      <fieldset disabled={!maySave} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack gap="sm">
          <Switch
            label="Every method may train here"
            description="Switched off, only those named may: experiments with another are refused."
            {...form.getInputProps("allMethods", { type: "checkbox" })}
          />
          {!form.values.allMethods && (
            <MultiSelect label="Methods that may" searchable data={METHODS} {...form.getInputProps("methods")} />
          )}
          {SWITCHES.map(({ field, label, description }) => (
            <Switch
              key={field}
              label={label}
              description={description}
              {...form.getInputProps(field, { type: "checkbox" })}
            />
          ))}
          <NumberInput
            label="Smallest count that statistics tell"
            description="Smaller ones are shown as a bound, and their cases are in no other number."
            min={1}
            max={1000}
            allowDecimal={false}
            required
            {...form.getInputProps("minimum_count")}
          />
          {change.error && Object.keys(form.errors).length === 0 && <Alert color="red">{change.error.message}</Alert>}
          <Group justify="space-between" wrap="nowrap">
            <Text size="xs" c="dimmed">
              Runs under way keep their method; what they send from now on follows the policy. What left before is
              hidden at once where it is forbidden, and can be deleted below.
            </Text>
            <Allowed
              permission="manage_sites"
              federationId={site.federation_id}
              siteId={site.id}
              who="A policy is set by"
            >
              <Button type="submit" disabled={!form.isDirty()} loading={change.isPending} style={{ flexShrink: 0 }}>
                Save policy
              </Button>
            </Allowed>
          </Group>
        </Stack>
      </fieldset>
    </form>
  );
}

/** The server names `policy.minimum_count`; the form has no `policy` around its fields. */
function inForm<Problem extends { field: string }>(problem: Problem): Problem {
  return { ...problem, field: problem.field.replace(/^policy\./, "").replace(/^allowed_strategies.*/, "methods") };
}
