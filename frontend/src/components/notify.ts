import { notifications } from "@mantine/notifications";

export function notifyDone(message: string): void {
  notifications.show({ message, color: "teal" });
}

/** For an action that failed and has no field to show it at. */
export function notifyError(title: string, error: Error): void {
  // The same trouble is shown once, also where several queries report it.
  notifications.show({ id: error.message, title, message: error.message, color: "red", autoClose: 10_000 });
}
