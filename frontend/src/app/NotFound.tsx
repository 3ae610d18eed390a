import { Button } from "@mantine/core";
import { IconMapSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { EmptyState } from "@/components/Feedback";
import { Page } from "@/components/Page";

export function NotFound() {
  return (
    <Page title="No such page">
      <EmptyState
        icon={IconMapSearch}
        title="There is nothing at this address"
        action={
          <Button component={Link} to="/">
            All federations
          </Button>
        }
      >
        The link may be mistyped, or what it showed was deleted.
      </EmptyState>
    </Page>
  );
}
