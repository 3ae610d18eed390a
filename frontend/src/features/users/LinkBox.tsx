import { ShownOnce } from "@/components/ShownOnce";

/** A link that is shown this once. */
export function LinkBox({ path, onClose }: { path: string; onClose: () => void }) {
  return (
    <ShownOnce
      words="Send this link to that one person. It is shown this once, and works one time, for seven days."
      secret={`${window.location.origin}${path}`}
      testId="invitation-link"
      onClose={onClose}
    />
  );
}
