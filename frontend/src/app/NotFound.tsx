import { IconMapSearch } from "@tabler/icons-react";
import { EmptyState } from "@/components/Feedback";
import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";

export function NotFound() {
  return (
    <Page title="No such page">
      <EmptyState
        icon={IconMapSearch}
        title="There is nothing at this address"
        action={<LinkButton to="/">All federations</LinkButton>}
      >
        The link may be mistyped, or what it showed was deleted.
      </EmptyState>
    </Page>
  );
}
