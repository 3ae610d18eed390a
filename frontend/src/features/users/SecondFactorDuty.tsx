import { Card, Select, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type SecondFactorDutyRecord, sessionQuery, unwrap } from "@/api";
import { Isolated } from "@/components/Isolated";
import { notifyDone, notifyError } from "@/components/notify";
import { formatDateTime } from "@/lib/format";
import { secondFactorDutyQuery } from "./queries";

type Duty = SecondFactorDutyRecord["duty"];

/** From the laxest to the strictest. */
const DUTIES: readonly { value: Duty; label: string }[] = [
  { value: "optional", label: "Nobody: each may set one up" },
  { value: "administrators", label: "Administrators" },
  { value: "everybody", label: "Everybody" },
];

/** Of whom the platform asks a code besides the password; administrators choose. */
export function SecondFactorDuty() {
  const client = useQueryClient();
  const { data } = useQuery(secondFactorDutyQuery);
  const choose = useMutation({
    mutationFn: (duty: Duty) => unwrap(api.setSecondFactorDuty({ body: { duty } })),
    onSuccess: async (chosen) => {
      client.setQueryData(secondFactorDutyQuery.queryKey, chosen);
      await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
      notifyDone("The choice holds from now on.");
    },
    onError: (error) => notifyError("Not changed", error),
  });
  if (!data) return null;
  const least = DUTIES.findIndex(({ value }) => value === data.at_least);
  return (
    <Card withBorder data-testid="second-factor-duty">
      <Select
        label="Who must have a second factor"
        description="Who lacks one sets it up at the next click, and does nothing else before."
        maw={420}
        allowDeselect={false}
        data={DUTIES.map((duty, place) => ({ ...duty, disabled: place < least }))}
        value={data.duty}
        disabled={choose.isPending}
        onChange={(duty) => duty !== null && choose.mutate(duty as Duty)}
      />
      {least > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          FEDSM_SECOND_FACTOR of this server asks for no less.
        </Text>
      )}
      {data.set_by !== null && data.set_at !== null && (
        <Text size="xs" c="dimmed" mt={4}>
          chosen by <Isolated>{data.set_by}</Isolated>, {formatDateTime(data.set_at)}
        </Text>
      )}
    </Card>
  );
}
