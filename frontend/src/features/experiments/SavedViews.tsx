import { Button, Group, Menu, Modal, TextInput } from "@mantine/core";
import { useDisclosure, useLocalStorage } from "@mantine/hooks";
import { IconBookmark, IconBookmarkPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { ModalForm } from "@/components/FormModal";
import { Isolated } from "@/components/Isolated";
import { readViews, type SavedView, shownView, viewOf, withView } from "./savedViews";
import type { RunsSearch } from "./search";

interface Props {
  federationId: string;
  search: RunsSearch;
  onApply: (search: RunsSearch) => void;
}

/**
 * Views of the runs table under names. They are kept in the browser, because they hold no data and are nobody else's; the
 * address of a view is what others get.
 */
export function SavedViews({ federationId, search, onApply }: Props) {
  const [saved, setSaved] = useLocalStorage<SavedView[]>({
    key: `fedsm-views-${federationId}`,
    defaultValue: [],
    deserialize: readViews,
    getInitialValueInEffect: false,
  });
  const [opened, modal] = useDisclosure(false);
  const shown = shownView(saved, search);
  return (
    <>
      <Menu position="bottom-start" width={280}>
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<IconBookmark size={14} aria-hidden />}>
            {shown ? <Isolated>{shown.name}</Isolated> : "Views"}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {saved.length === 0 && (
            <Menu.Label>
              No view is saved in this browser yet. Choose columns, filter, sort or group, then save it under a name.
            </Menu.Label>
          )}
          {saved.map((view) => (
            <Group key={view.name} gap={4} wrap="nowrap">
              <Menu.Item
                fw={view === shown ? 600 : undefined}
                style={{ minWidth: 0 }}
                onClick={() => onApply(viewOf(view.search))}
              >
                <Isolated>{view.name}</Isolated>
              </Menu.Item>
              <Menu.Item
                w="auto"
                c="dimmed"
                closeMenuOnClick={false}
                aria-label={`Remove the view ${view.name}`}
                onClick={(event) => {
                  focusNext(event.currentTarget);
                  setSaved(saved.filter(({ name }) => name !== view.name));
                }}
              >
                <IconTrash size={14} aria-hidden />
              </Menu.Item>
            </Group>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconBookmarkPlus size={14} aria-hidden />} onClick={modal.open}>
            Save this view
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={opened} onClose={modal.close} title="Save this view of the runs">
        <SaveForm
          taken={saved.map(({ name }) => name)}
          onSave={(name) => {
            setSaved(withView(saved, { name, search: viewOf(search) }));
            modal.close();
          }}
          onCancel={modal.close}
        />
      </Modal>
    </>
  );
}

/** The keyboard goes on behind what is removed; the last item of the menu is never removed. */
function focusNext(item: HTMLElement): void {
  const items = [...(item.closest('[role="menu"]')?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
  items[items.indexOf(item) + 1]?.focus();
}

interface FormProps {
  taken: string[];
  onSave: (name: string) => void;
  onCancel: () => void;
}

function SaveForm({ taken, onSave, onCancel }: FormProps) {
  const [name, setName] = useState("");
  const trimmed = name.trim();
  return (
    <ModalForm
      onSubmit={() => trimmed && onSave(trimmed)}
      onCancel={onCancel}
      action={taken.includes(trimmed) ? "Replace" : "Save"}
      disabled={trimmed === ""}
    >
      <TextInput
        label="Name"
        description={
          taken.includes(trimmed)
            ? "A view has this name: it is replaced."
            : "Columns, filters, order and groups. It is kept in this browser; its address shows it to others."
        }
        maxLength={60}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
        required
      />
    </ModalForm>
  );
}
