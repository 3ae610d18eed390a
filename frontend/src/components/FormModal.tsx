import { Alert, Button, Group, Modal, Stack } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";

interface FormProps {
  children: ReactNode;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  /** The submitting button's words, a verb. */
  action: string;
  /** When left out, there is no button to cancel. */
  onCancel?: () => void;
  cancel?: string;
  busy?: boolean;
  disabled?: boolean;
  /** Why it was refused; not repeated where a field says so. */
  error?: Error | null;
  errorTitle?: string;
  /** What the fields say. */
  fieldErrors?: object;
}

/** The inside of a dialog that changes or makes something: fields, what was refused, and the buttons. */
export function ModalForm(props: FormProps) {
  const { children, onSubmit, action, onCancel, cancel = "Cancel", busy, disabled, error, errorTitle } = props;
  const shown = error && Object.keys(props.fieldErrors ?? {}).length === 0;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(event);
      }}
    >
      <Stack>
        {children}
        {shown && (
          <Alert color="red" title={errorTitle}>
            {error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          {onCancel && (
            <Button variant="default" onClick={onCancel}>
              {cancel}
            </Button>
          )}
          <Button type="submit" loading={busy} disabled={disabled}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface ModalProps extends Omit<FormProps, "onCancel"> {
  opened: boolean;
  onClose: () => void;
  title: string;
  size?: string;
}

/**
 * A dialog with one form. It keeps what was typed until it is opened again; where it should begin anew each time, put
 * the form's state and a `ModalForm` into a component inside a `Modal`.
 */
export function FormModal({ opened, onClose, title, size, ...form }: ModalProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={size}>
      <ModalForm {...form} onCancel={onClose} />
    </Modal>
  );
}
