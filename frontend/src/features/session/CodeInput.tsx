import { TextInput } from "@mantine/core";
import { ApiError } from "@/api";

interface Props {
  value: string;
  onChange: (code: string) => void;
  error?: string | undefined;
  /** Where the app alone counts: at its set-up. */
  description?: string;
}

/** A code of the second factor. Phones and password managers fill it in. */
export function CodeInput({ value, onChange, error, description = "Or one of your recovery codes." }: Props) {
  return (
    <TextInput
      label="Code of your app"
      description={description}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={error}
      autoComplete="one-time-code"
      inputMode="text"
      data-autofocus
      autoFocus
      required
    />
  );
}

/** Whether a code is asked for: name and password were right. */
export function wantsCode(error: Error | null): boolean {
  return error instanceof ApiError && ["second_factor_needed", "wrong_code"].includes(error.code);
}

/** What the code's field says: nothing where it is asked for the first time. */
export function codeProblem(error: Error | null): string | undefined {
  return error instanceof ApiError && error.code === "wrong_code" ? error.message : undefined;
}
