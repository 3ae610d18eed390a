import { Button, Code, CopyButton, Group, PasswordInput, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { QRCodeSVG } from "qrcode.react";
import { useState } from "react";
import { api, type NewSecondFactor, unwrap } from "@/api";
import { ModalForm } from "@/components/FormModal";
import { saveText } from "@/lib/save";
import { CodeInput, codeProblem } from "./CodeInput";
import { secondFactorQuery } from "./queries";

interface Props {
  /** After the recovery codes were kept. */
  onDone: () => void;
  onCancel?: (() => void) | undefined;
  /** When there is a secret that waits for its first code. */
  onStarted?: () => void;
}

/** Three steps: the password, the app's first code, the recovery codes. */
export function SecondFactorSetup({ onDone, onCancel, onStarted }: Props) {
  const [started, setStarted] = useState<NewSecondFactor>();
  const [codes, setCodes] = useState<string[]>();
  if (codes) return <RecoveryCodes codes={codes} onDone={onDone} />;
  if (started) return <FirstCode started={started} onConfirmed={setCodes} onCancel={onCancel} />;
  return (
    <Password
      onStarted={(begun) => {
        setStarted(begun);
        onStarted?.();
      }}
      onCancel={onCancel}
    />
  );
}

interface PasswordProps extends Pick<Props, "onCancel"> {
  onStarted: (started: NewSecondFactor) => void;
}

function Password({ onStarted, onCancel }: PasswordProps) {
  const [password, setPassword] = useState("");
  const start = useMutation({
    mutationFn: () => unwrap(api.startSecondFactor({ body: { password } })),
    onSuccess: onStarted,
  });
  return (
    <ModalForm onSubmit={() => start.mutate()} action="Go on" onCancel={onCancel} busy={start.isPending}>
      <Text size="sm">
        With a second factor, signing in needs a code of an app on your phone besides the password. Any authenticator
        app that knows TOTP will do.
      </Text>
      <PasswordInput
        label="Present password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        error={start.error?.message}
        autoComplete="current-password"
        data-autofocus
        required
      />
    </ModalForm>
  );
}

interface FirstCodeProps extends Pick<Props, "onCancel"> {
  started: NewSecondFactor;
  onConfirmed: (codes: string[]) => void;
}

const PICTURE_SIDE = 180;

function FirstCode({ started, onConfirmed, onCancel }: FirstCodeProps) {
  const client = useQueryClient();
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: () => unwrap(api.confirmSecondFactor({ body: { code } })),
    onSuccess: ({ recovery_codes }) => {
      void client.invalidateQueries({ queryKey: secondFactorQuery.queryKey });
      onConfirmed(recovery_codes);
    },
  });
  return (
    <ModalForm
      onSubmit={() => confirm.mutate()}
      action="Confirm"
      onCancel={onCancel}
      busy={confirm.isPending}
      error={codeProblem(confirm.error) ? null : confirm.error}
    >
      <Text size="sm">Scan this with the app, then give the code that it shows.</Text>
      <Group justify="center" bg="white" p="md" style={{ borderRadius: 8 }}>
        <QRCodeSVG value={started.address} size={PICTURE_SIDE} title="QR code for the authenticator app" role="img" />
      </Group>
      <Text size="sm" c="dimmed">
        Or type this into the app: <Code data-testid="totp-secret">{started.secret}</Code>
      </Text>
      <CodeInput value={code} onChange={setCode} error={codeProblem(confirm.error)} description="Six digits." />
    </ModalForm>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  const text = `${codes.join("\n")}\n`;
  return (
    <Stack>
      <Text size="sm">
        The second factor is on, and your other sign-ins have ended. Keep these recovery codes where you find them
        without the phone: each lets you in once. They are shown this once.
      </Text>
      <SimpleGrid cols={2} spacing="xs" data-testid="recovery-codes">
        {codes.map((code) => (
          <Code key={code} ta="center">
            {code}
          </Code>
        ))}
      </SimpleGrid>
      <Group justify="space-between">
        <Group gap="xs">
          <CopyButton value={text}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? "Copied" : "Copy"}
              </Button>
            )}
          </CopyButton>
          <Button variant="default" onClick={() => saveText(text, "fedsm-recovery-codes.txt", "text/plain")}>
            Save as a file
          </Button>
        </Group>
        <Button onClick={onDone}>I have kept them</Button>
      </Group>
    </Stack>
  );
}
