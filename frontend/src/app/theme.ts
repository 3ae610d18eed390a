import { Badge, type CSSVariablesResolver, createTheme, type MantineColorsTuple, Table } from "@mantine/core";

/** A calm blue-green that none of the site colours or states uses. */
const petrol: MantineColorsTuple = [
  "#e6f7fa",
  "#d3ebf0",
  "#a6d6e0",
  "#76c0cf",
  "#50aec1",
  "#38a2b8",
  "#299db4",
  "#18889e",
  "#0b7285",
  "#005f70",
];

export const theme = createTheme({
  primaryColor: "petrol",
  primaryShade: { light: 8, dark: 6 },
  colors: { petrol },
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif',
  defaultRadius: "md",
  cursorType: "pointer",
  autoContrast: true,
  components: {
    Badge: Badge.extend({ defaultProps: { variant: "light", tt: "none", fw: 500 } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: "xs", highlightOnHover: true } }),
  },
});

/** Mantine's dimmed text has less contrast than WCAG AA asks for (4.5 to 1). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#5c636a" },
  dark: { "--mantine-color-dimmed": "#a6a7ab" },
});
