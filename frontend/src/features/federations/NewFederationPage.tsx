import {
  ActionIcon,
  Alert,
  Button,
  Card,
  Group,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ApiError, api, federationsQuery, fieldErrors, unwrap } from "@/api";
import { ALL_FEDERATIONS } from "@/components/crumbs";
import { Page } from "@/components/Page";
import { parseNumbers } from "@/lib/schema";

interface Values {
  name: string;
  description: string;
  modality: string;
  dimensions: "2" | "3";
  num_channels: "1" | "3";
  structures: { name: string; label_values: string }[];
}

const INITIAL: Values = {
  name: "",
  description: "",
  modality: "fundus photography",
  dimensions: "2",
  num_channels: "3",
  structures: [{ name: "", label_values: "1" }],
};

export function NewFederationPage() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const form = useForm<Values>({ initialValues: INITIAL });
  const create = useMutation({
    mutationFn: (values: Values) =>
      unwrap(
        api.createFederation({
          body: {
            name: values.name,
            description: values.description,
            task: {
              modality: values.modality,
              dimensions: values.dimensions === "3" ? 3 : 2,
              num_channels: values.num_channels === "1" ? 1 : 3,
              structures: values.structures.map((structure) => ({
                name: structure.name,
                label_values: parseNumbers(structure.label_values) as number[],
              })),
            },
          },
        }),
      ),
    onSuccess: async (federation) => {
      await client.invalidateQueries({ queryKey: federationsQuery.queryKey });
      await navigate({ to: "/federations/$federationId", params: { federationId: federation.id } });
    },
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(formErrors(error));
    },
  });
  return (
    <Page
      title="New federation"
      crumbs={[ALL_FEDERATIONS]}
      subtitle="What the sites have in common: the kind of image and the structures to find in it. It cannot change later."
    >
      <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
        <Stack maw={760}>
          <Card withBorder>
            <Stack>
              <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
              <Textarea label="Description" autosize minRows={2} {...form.getInputProps("description")} />
              <TextInput label="Imaging modality" required {...form.getInputProps("modality")} />
              <div>
                <Text size="sm" fw={500} mb={4}>
                  Images are
                </Text>
                <SegmentedControl
                  aria-label="Images are"
                  data={[
                    { value: "2", label: "pictures (2D)" },
                    { value: "3", label: "volumes (3D)" },
                  ]}
                  {...form.getInputProps("dimensions")}
                />
              </div>
              <div>
                <Text size="sm" fw={500} mb={4}>
                  Image channels
                </Text>
                <SegmentedControl
                  aria-label="Image channels"
                  data={[
                    { value: "3", label: "3 (RGB)" },
                    { value: "1", label: "1 (grey)" },
                  ]}
                  {...form.getInputProps("num_channels")}
                />
              </div>
            </Stack>
          </Card>
          <Structures form={form} />
          {create.error && Object.keys(form.errors).length === 0 && <Alert color="red">{create.error.message}</Alert>}
          <Group>
            <Button type="submit" loading={create.isPending}>
              Create federation
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

/** The server names `task.structures.0.name`; the form has no `task` around its fields. */
function formErrors(error: ApiError): Record<string, string> {
  const entries = Object.entries(fieldErrors(error.fields));
  return Object.fromEntries(
    entries.map(([path, message]) => [path.replace(/^task\./, "").replace(/(label_values)\.\d+$/, "$1"), message]),
  );
}

function Structures({ form }: { form: ReturnType<typeof useForm<Values>> }) {
  return (
    <Card withBorder>
      <Stack>
        <div>
          <Text fw={500}>Structures</Text>
          <Text size="sm" c="dimmed">
            Each structure is the set of mask values that belong to it; 0 is background. Structures may overlap: the
            optic disc is 1 and 2 (rim and cup), the cup is 2.
          </Text>
        </div>
        {form.values.structures.map((_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a structure has no name before it is typed
          <Group key={index} align="flex-start">
            <TextInput
              label="Structure"
              placeholder="optic disc"
              required
              flex={1}
              {...form.getInputProps(`structures.${index}.name`)}
            />
            <TextInput
              label="Mask values"
              placeholder="1, 2"
              required
              {...form.getInputProps(`structures.${index}.label_values`)}
            />
            <ActionIcon
              mt={28}
              variant="subtle"
              color="gray"
              aria-label={`Remove structure ${index + 1}`}
              disabled={form.values.structures.length === 1}
              onClick={() => form.removeListItem("structures", index)}
            >
              <IconTrash size={18} />
            </ActionIcon>
          </Group>
        ))}
        <Button
          variant="default"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => form.insertListItem("structures", { name: "", label_values: "" })}
          style={{ alignSelf: "flex-start" }}
        >
          Add structure
        </Button>
      </Stack>
    </Card>
  );
}
