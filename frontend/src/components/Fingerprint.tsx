import { Button, CopyButton } from "@mantine/core";

const SHOWN_DIGITS = 12;

/** The first digits of a SHA-256; a click copies all of them. */
export function Fingerprint({ value, of, label = "" }: { value: string; of: string; label?: string }) {
  const text = `${label}${value.slice(0, SHOWN_DIGITS)}…`;
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Button
          size="compact-xs"
          variant="default"
          ff="monospace"
          onClick={copy}
          aria-label={`${text} of ${of}: copy`}
          title={`SHA-256 ${value}. Click to copy.`}
        >
          {copied ? "copied" : text}
        </Button>
      )}
    </CopyButton>
  );
}
