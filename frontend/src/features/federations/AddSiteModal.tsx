import { Radio, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api, federationQuery, federationsQuery, fieldErrors, type SiteCreate, unwrap } from "@/api";
import { FormModal } from "@/components/FormModal";
import { notifyDone } from "@/components/notify";

interface Props {
  federationId: string;
  opened: boolean;
  onClose: () => void;
}

export function AddSiteModal({ federationId, opened, onClose }: Props) {
  const client = useQueryClient();
  const form = useForm<{ name: string; slug: string; kind: NonNullable<SiteCreate["kind"]> }>({
    initialValues: { name: "", slug: "", kind: "simulated" },
  });
  const add = useMutation({
    mutationFn: () =>
      unwrap(
        api.createSite({
          path: { federation_id: federationId },
          body: { ...form.values, slug: form.values.slug.trim() || null },
        }),
      ),
    onSuccess: async (site) => {
      await client.invalidateQueries({ queryKey: federationQuery(federationId).queryKey });
      await client.invalidateQueries({ queryKey: federationsQuery.queryKey });
      notifyDone(`${site.name} added. ${site.unserved ?? "Next: register its data."}`);
      form.reset();
      onClose();
    },
    onError: (error) => {
      if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
    },
  });
  return (
    <FormModal
      opened={opened}
      onClose={onClose}
      title="Add site"
      action="Add site"
      cancel="Close"
      onSubmit={form.onSubmit(() => add.mutate())}
      busy={add.isPending}
      error={add.error}
      fieldErrors={form.errors}
    >
      <TextInput
        label="Name"
        required
        data-autofocus
        placeholder="St. Mary's Eye Clinic"
        {...form.getInputProps("name")}
      />
      <TextInput
        label="Short name"
        description="For addresses and files. Made from the name when left out; never changes afterwards."
        placeholder="st-marys"
        {...form.getInputProps("slug")}
      />
      <Radio.Group label="Kind" {...form.getInputProps("kind")}>
        <Stack gap="xs" mt={6}>
          <Radio
            value="simulated"
            label="Simulated"
            description="Served by this platform's own workers. What may leave it is open at first."
          />
          <Radio
            value="real"
            label="Real"
            description="Served by the institution's own worker, next to its data. No picture, mask or hash may leave it at first."
          />
        </Stack>
      </Radio.Group>
    </FormModal>
  );
}
