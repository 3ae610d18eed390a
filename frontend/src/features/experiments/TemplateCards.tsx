import { Button, Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ExperimentTemplate, FederationRecord } from "@/api";
import { differences } from "@/lib/schema";
import type { ExperimentForm } from "./formValues";
import { configOf, type Values, valuesOfTemplate } from "./formValues";
import { experimentTemplatesQuery } from "./queries";

interface Props {
  federation: FederationRecord;
  form: ExperimentForm;
  onFill: (values: Values, from: string) => void;
}

/** Starting points for the task's kind of images. What does not fit is then said like any other problem. */
export function TemplateCards({ federation, form, onFill }: Props) {
  const templates = useQuery(experimentTemplatesQuery);
  const all = templates.data ?? [];
  if (all.length === 0) return null;
  const fitting = all.filter((template) => template.dimensions === (federation.task.dimensions ?? 2));
  const config = configOf(form.values);
  const template = fitting.find((entry) => differences(entry.config, config).length === 0);
  const choose = (next: ExperimentTemplate) =>
    onFill(valuesOfTemplate(next, form.values), `the template ${next.title}`);
  return (
    <Card withBorder>
      <Stack>
        <div>
          <Title order={3} size="h4">
            Start from a template
          </Title>
          <Text size="sm" c="dimmed">
            Replaces every setting, and the name where it is empty.
          </Text>
        </div>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          {fitting.map((entry) => (
            <Card key={entry.name} withBorder padding="sm">
              <Stack gap={6} h="100%" justify="space-between">
                <div>
                  <Text size="sm" fw={600}>
                    {entry.title}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {entry.description}
                  </Text>
                </div>
                <Button
                  size="compact-xs"
                  variant={template === entry ? "filled" : "light"}
                  style={{ alignSelf: "flex-start" }}
                  leftSection={template === entry ? <IconCheck size={12} aria-hidden /> : undefined}
                  aria-label={`Use ${entry.title}`}
                  aria-pressed={template === entry}
                  onClick={() => choose(entry)}
                >
                  {template === entry ? "In use" : "Use"}
                </Button>
              </Stack>
            </Card>
          ))}
        </SimpleGrid>
        {template && (
          <Text size="xs" c="dimmed" style={{ whiteSpace: "pre-line" }} data-testid="template-notes">
            {template.notes}
          </Text>
        )}
      </Stack>
    </Card>
  );
}
