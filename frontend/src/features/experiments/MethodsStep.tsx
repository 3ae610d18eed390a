import { Button, Card, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import type { FieldProblem } from "@/api";
import type { JsonSchema } from "@/lib/schema";
import { strategyName } from "@/lib/words";
import type { ExperimentForm } from "./formValues";
import { byOrder, missingReferences, newStrategy } from "./formValues";
import { Strategies } from "./Strategies";

interface Props {
  federationId: string;
  schema: JsonSchema;
  form: ExperimentForm;
  problems: readonly FieldProblem[];
  rho: Record<string, number>;
}

export function MethodsStep(props: Props) {
  const { schema, form } = props;
  const [search, setSearch] = useState("");
  const chosen = form.values.strategies;
  const missing = missingReferences(chosen);
  const add = () =>
    form.setFieldValue("strategies", [...chosen, ...missing.map((name) => newStrategy(schema, name))].sort(byOrder));
  return (
    <Card withBorder>
      <Stack>
        <Group justify="space-between" align="flex-end">
          <TextInput
            aria-label="Find a method"
            placeholder="Find a method"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            w={260}
          />
          <Button
            variant="light"
            disabled={missing.length === 0}
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={add}
          >
            Add the references
          </Button>
        </Group>
        <Text size="sm" c="dimmed">
          {chosen.length === 0
            ? "None chosen yet."
            : `Chosen: ${[...new Set(chosen.map((entry) => strategyName(entry.name)))].join(", ")}.`}{" "}
          Federated averaging, local-only and centralized training are the references that a reader asks for.
        </Text>
        <Strategies {...props} search={search} />
      </Stack>
    </Card>
  );
}
