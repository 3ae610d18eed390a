import { MultiSelect, Select } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { FederationRecord } from "@/api";
import { ROLE_CHOICES, type RoleName } from "./roles";

export interface RoleValues {
  federation: string;
  role: RoleName;
  site_ids: string[];
}

/** Where there are several federations, nobody is let into one that nobody chose. */
export function onlyFederation(federations: readonly FederationRecord[]): string {
  return federations.length === 1 ? (federations[0]?.id ?? "") : "";
}

export const federationChosen = (federation: string) => (federation ? null : "Choose the federation.");

/** Federation, role, and a site manager's sites; of a form that may have more fields. */
export function RoleFields<Values extends RoleValues>(props: {
  form: UseFormReturnType<Values>;
  federations: readonly FederationRecord[];
}) {
  const { form, federations } = props;
  const { federation, role } = form.values;
  const sites = federations.find(({ id }) => id === federation)?.sites ?? [];
  return (
    <>
      <Select
        label="Federation"
        data={federations.map(({ id, name }) => ({ value: id, label: name }))}
        allowDeselect={false}
        required
        {...form.getInputProps("federation")}
        onChange={(id) => form.setValues({ federation: id ?? "", site_ids: [] } as unknown as Partial<Values>)}
      />
      <Select label="Role" data={ROLE_CHOICES} allowDeselect={false} required {...form.getInputProps("role")} />
      {role === "site_manager" && (
        <MultiSelect
          label="Sites"
          description="For whose data they answer."
          data={sites.map(({ id, name }) => ({ value: id, label: name }))}
          required
          {...form.getInputProps("site_ids")}
        />
      )}
    </>
  );
}

/** What the API takes. */
export function roleBody({ role, site_ids }: RoleValues) {
  return { role, site_ids: role === "site_manager" ? site_ids : [] };
}
