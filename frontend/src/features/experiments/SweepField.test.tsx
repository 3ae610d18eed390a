import { MantineProvider } from "@mantine/core";
import { useForm } from "@mantine/form";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import type { FieldProblem } from "@/api";
import { fieldsOf, type JsonSchema } from "@/lib/schema";
import type { Values } from "./formValues";
import { SchemaFields } from "./SchemaFields";

const schema: JsonSchema = { properties: { lambda: { type: "number" }, momentum: { type: "boolean" } } };
const problem = { field: "strategies.0.momentum", value: "", message: "needs SGD", remedy: "choose it" };

function Fields({ strategies, problems = [] }: { strategies: object[]; problems?: FieldProblem[] }) {
  const sweep = {
    "fedsm.lambda": { text: "0.5, 0.7", values: [0.5, 0.7] },
    "fedsm.momentum": { text: "false,true", values: [false, true] },
  };
  const form = useForm<Values>({ initialValues: { strategies, sweep } as unknown as Values });
  return <SchemaFields fields={fieldsOf(schema, schema)} path="strategies.0" form={form} problems={problems} />;
}

function show(fields: React.ReactNode) {
  return render(<MantineProvider>{fields}</MantineProvider>);
}

const fedsm = { name: "fedsm", lambda: 0.5, momentum: false };

it("says that each of a method's settings takes the values, where there are several", () => {
  const { unmount } = show(<Fields strategies={[fedsm]} />);
  expect(screen.queryByText(/Every FedSM setting/)).toBeNull();
  unmount();
  show(<Fields strategies={[fedsm, { ...fedsm, lambda: 0.7 }]} />);
  expect(screen.getAllByText(/Every FedSM setting takes these values\./)).toHaveLength(2);
});

it("says what is wrong with a switch that is both off and on", () => {
  show(<Fields strategies={[fedsm]} problems={[problem]} />);
  expect(screen.getByRole("alert")).toHaveTextContent("Needs SGD. Remedy: choose it.");
});
