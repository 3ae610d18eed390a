import { Button, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconDownload, IconFileImport, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, type FederationRecord, type SweepAxis, unwrap } from "@/api";
import { ConfirmModal } from "@/components/ConfirmModal";
import { notifyError } from "@/components/notify";
import { saveText } from "@/lib/save";
import { firstConfig, sweepOptions } from "./axes";
import type { ExperimentForm, Values } from "./formValues";
import { ImportFile } from "./ImportFile";

interface Props {
  federation: FederationRecord;
  form: ExperimentForm;
  /** The settings with several values, of which a file has one. */
  axes: readonly SweepAxis[];
  onSay: (text: string) => void;
  isCopy: boolean;
  onFill: (values: Values, from: string) => void;
  onDiscard: () => void;
}

const FILE_NAME = "experiment.yaml";
const ONE_VALUE = "The file has the first value of each swept setting, and no sweep. The command line takes both:";

/** The set-up as a file, from a file, or begun anew. */
export function DraftActions({ federation, form, axes, onSay, isCopy, onFill, onDiscard }: Props) {
  const [importing, importModal] = useDisclosure(false);
  const [discarding, discardModal] = useDisclosure(false);
  const write = useMutation({
    mutationFn: () =>
      unwrap<string>(
        api.writeExperimentFile({
          path: { federation_id: federation.id },
          body: {
            name: form.values.name.trim() || "Untitled",
            description: form.values.description,
            config: firstConfig(form.values, axes),
          },
          parseAs: "text",
        }) as never,
      ),
    onSuccess: (text) => {
      saveText(text, FILE_NAME, "application/yaml");
      if (axes.length > 0) onSay(`${ONE_VALUE} fedsm experiment create -f ${FILE_NAME} ${sweepOptions(axes)}`);
    },
    onError: (error) => notifyError("The file cannot be written yet", error),
  });
  return (
    <>
      <Menu position="bottom-end" width={axes.length > 0 ? 300 : 230}>
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
            File
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconFileImport size={16} aria-hidden />} onClick={importModal.open}>
            Import YAML…
          </Menu.Item>
          <Menu.Item leftSection={<IconDownload size={16} aria-hidden />} onClick={() => write.mutate()}>
            Download as YAML{axes.length > 0 && ", without the sweep"}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={discardModal.open}>
            Discard the draft…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ImportFile
        opened={importing}
        onClose={importModal.close}
        now={form.values}
        onFill={(values) => {
          onFill(values, `the file of ${values.name}`);
          importModal.close();
        }}
      />
      <ConfirmModal
        opened={discarding}
        onClose={discardModal.close}
        title="Discard the draft?"
        action="Discard the draft"
        onConfirm={() => {
          discardModal.close();
          onDiscard();
        }}
        keep="Keep it"
      >
        Name, description and every setting go back to where {isCopy ? "the copy" : "a new experiment"} begins. This
        cannot be undone.
      </ConfirmModal>
    </>
  );
}
