import { Alert, Button, FileButton, Group, List, Stack, Text, Textarea } from "@mantine/core";
import { IconAlertTriangle, IconUpload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type DragEvent, useState } from "react";
import { api, type ExperimentFileRead, type FileProblem, unwrap } from "@/api";
import { FormModal } from "@/components/FormModal";
import { plural } from "@/lib/format";
import { type Values, valuesOfFile } from "./formValues";

interface Props {
  opened: boolean;
  onClose: () => void;
  now: Values;
  onFill: (values: Values) => void;
}

/** An experiment file by choosing, dropping or pasting it. The backend reads it; what is wrong is named with its line. */
export function ImportFile({ opened, onClose, now, onFill }: Props) {
  const [text, setText] = useState("");
  const read = useMutation({
    mutationFn: (content: string) => unwrap<ExperimentFileRead>(api.readExperimentFile({ body: { text: content } })),
    onSuccess: (answer) => {
      if (answer.file) onFill(valuesOfFile(answer.file, now));
    },
  });
  const take = async (file: File | null | undefined) => {
    if (!file) return;
    const content = await file.text();
    setText(content);
    read.mutate(content);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void take(event.dataTransfer.files[0]);
  };
  return (
    <FormModal
      opened={opened}
      onClose={onClose}
      title="Import an experiment file"
      size="lg"
      action="Import"
      onSubmit={() => read.mutate(text)}
      busy={read.isPending}
      disabled={text.trim() === ""}
      error={read.error}
    >
      <Stack onDrop={drop} onDragOver={(event) => event.preventDefault()}>
        <Text size="sm" c="dimmed">
          Drop a file here, choose one, or paste its text. It replaces every setting of the draft.
        </Text>
        <Group>
          <FileButton onChange={(file) => void take(file)} accept=".yaml,.yml,.txt">
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconUpload size={16} aria-hidden />}>
                Choose a file
              </Button>
            )}
          </FileButton>
        </Group>
        <Textarea
          label="YAML"
          autosize
          minRows={8}
          maxRows={16}
          spellCheck={false}
          styles={{ input: { fontFamily: "monospace", fontSize: 12 } }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {read.data && <FileProblems problems={read.data.problems} />}
      </Stack>
    </FormModal>
  );
}

function FileProblems({ problems }: { problems: readonly FileProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={plural(problems.length, "problem")}>
      <List size="sm" spacing={4}>
        {problems.map((problem) => (
          <List.Item key={`${problem.field} ${problem.message}`}>
            {problem.line !== null && `Line ${problem.line}: `}
            <b>{problem.field}</b>
            {problem.value && ` = ${problem.value}`}: {problem.message}. Remedy: {problem.remedy}.
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
