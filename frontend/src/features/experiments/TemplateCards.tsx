import { Button, Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type ExperimentTemplate, experimentTemplatesQuery, type FederationRecord } from "@/api";
import { valuesOfTemplate } from "./formValues";
import type { ExperimentForm } from "./SchemaFields";

/** Starting points for the task's kind of images. What does not fit is then said like any other problem. */
export function TemplateCards({ federation, form }: { federation: FederationRecord; form: ExperimentForm }) {
  const templates = useQuery(experimentTemplatesQuery);
  const [chosen, setChosen] = useState<string | null>(null);
  const all = templates.data ?? [];
  if (all.length === 0) return null;
  const fitting = all.filter((template) => template.dimensions === (federation.task.dimensions ?? 2));
  const template = all.find((entry) => entry.name === chosen);
  const choose = (next: ExperimentTemplate) => {
    setChosen(next.name);
    form.setValues(valuesOfTemplate(next, form.values));
  };
  return (
    <Card withBorder>
      <Stack>
        <div>
          <Title order={3} size="h4">
            Start from a template
          </Title>
          <Text size="sm" c="dimmed">
            Replaces every setting; name and description only where they are empty.
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
                  variant={chosen === entry.name ? "filled" : "light"}
                  style={{ alignSelf: "flex-start" }}
                  leftSection={chosen === entry.name ? <IconCheck size={12} aria-hidden /> : undefined}
                  aria-label={`Use ${entry.title}`}
                  aria-pressed={chosen === entry.name}
                  onClick={() => choose(entry)}
                >
                  {chosen === entry.name ? "In use" : "Use"}
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
