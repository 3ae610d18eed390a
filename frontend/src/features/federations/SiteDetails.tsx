import { Alert, Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import { ApiError, fieldErrors, type SiteRecord } from "@/api";
import { Allowed } from "@/components/Allowed";
import { notifyDone } from "@/components/notify";
import { useSiteChange } from "./useSiteChange";

/** Name, description and contact: read, or edited. */
export function SiteDetails({ site }: { site: SiteRecord }) {
  const [editing, setEditing] = useState(false);
  if (editing) return <Edit site={site} onDone={() => setEditing(false)} />;
  return (
    <Stack gap="xs" align="flex-start">
      <Facts site={site} />
      <Allowed permission="manage_sites" federationId={site.federation_id} siteId={site.id} who="A site is changed by">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPencil size={14} aria-hidden />}
          onClick={() => setEditing(true)}
        >
          Edit name, description, contact
        </Button>
      </Allowed>
    </Stack>
  );
}

function Facts({ site }: { site: SiteRecord }) {
  const facts: [string, string][] = [
    ["Short name", site.slug],
    ...(site.description ? [["Description", site.description] as [string, string]] : []),
    ["Contact", site.contact || "nobody named yet"],
    ["Hardware", site.hardware ?? "not known yet"],
  ];
  return (
    <Stack gap={4} component="dl" m={0}>
      {facts.map(([label, value]) => (
        <Group key={label} gap="sm" wrap="nowrap" align="flex-start">
          <Text component="dt" size="sm" c="dimmed" w={100} style={{ flexShrink: 0 }}>
            {label}
          </Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: "anywhere", whiteSpace: "pre-line" }}>
            {value}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}

function Edit({ site, onDone }: { site: SiteRecord; onDone: () => void }) {
  const change = useSiteChange(site);
  const form = useForm({
    initialValues: { name: site.name, description: site.description, contact: site.contact },
  });
  const save = form.onSubmit((values) =>
    change.mutate(values, {
      onSuccess: () => {
        notifyDone(`${values.name} is saved.`);
        onDone();
      },
      onError: (error) => {
        if (error instanceof ApiError) form.setErrors(fieldErrors(error.fields));
      },
    }),
  );
  return (
    <form onSubmit={save}>
      <Stack gap="sm">
        <TextInput label="Name" required maxLength={80} data-autofocus {...form.getInputProps("name")} />
        <Textarea label="Description" autosize minRows={2} maxLength={2000} {...form.getInputProps("description")} />
        <TextInput
          label="Contact"
          description="Whom to ask about this site's data."
          maxLength={200}
          {...form.getInputProps("contact")}
        />
        {change.error && Object.keys(form.errors).length === 0 && <Alert color="red">{change.error.message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
