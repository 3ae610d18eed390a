import {
  Autocomplete,
  Badge,
  Combobox,
  type CSSVariablesResolver,
  createTheme,
  type MantineColorsTuple,
  MultiSelect,
  Select,
  Table,
} from "@mantine/core";
import { FONT_FAMILY } from "@/lib/font";
import { siteVariables } from "@/lib/palette";

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
  "#0c7a8e",
  "#005f70",
];

/** The cross has no words of its own. */
const CLOSES = { closeButtonProps: { "aria-label": "Close" } };

export const theme = createTheme({
  // Where somebody asks for no movement, as global.css does for what is styled there.
  respectReducedMotion: true,
  primaryColor: "petrol",
  // The same by day and night: Mantine chooses black or white text on a fill once for both.
  primaryShade: 8,
  colors: { petrol },
  fontFamily: FONT_FAMILY,
  headings: { fontFamily: FONT_FAMILY },
  defaultRadius: "md",
  cursorType: "pointer",
  autoContrast: true,
  // At this luminance black and white have the same contrast, so the better one has at least 4.58 to 1.
  luminanceThreshold: 0.179,
  components: {
    Modal: { defaultProps: CLOSES },
    Drawer: { defaultProps: CLOSES },
    // A list that is closed is not there: kept, each choice of each field would be drawn and placed with the page.
    Combobox: Combobox.extend({ defaultProps: { keepMounted: false } }),
    // A dialog focuses its first field: a list that opened then would cover what is below it.
    Autocomplete: Autocomplete.extend({ defaultProps: { openOnFocus: false } }),
    MultiSelect: MultiSelect.extend({ defaultProps: { openOnFocus: false } }),
    Select: Select.extend({ defaultProps: { openOnFocus: false } }),
    Badge: Badge.extend({ defaultProps: { variant: "light", tt: "none", fw: 500 } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: "xs", highlightOnHover: true } }),
  },
});

/** Text on the light fill of badges and quiet buttons, by day: each has at least 4.5 to 1, which Mantine's own has not. */
const LIGHT_TEXT: Readonly<Record<string, string>> = {
  petrol: "#00505f",
  teal: "#055a41",
  green: "#1c5c26",
  blue: "#124e8a",
  violet: "#4a2da8",
  gray: "#343a40",
  yellow: "#6b4700",
  orange: "#8a3300",
  red: "#9c1c1c",
};

/** Mantine's dimmed text, hints in fields and problems of fields, too, have less contrast than WCAG AA asks for. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...siteVariables(false),
    "--fedsm-focus": "var(--mantine-color-petrol-8)",
    "--mantine-color-dimmed": "#5c636a",
    "--mantine-color-placeholder": "#6b7279",
    "--mantine-color-error": "#c92a2a",
    ...Object.fromEntries(
      Object.entries(LIGHT_TEXT).map(([name, text]) => [`--mantine-color-${name}-light-color`, text]),
    ),
  },
  dark: {
    ...siteVariables(true),
    // The first colour itself has less than 3 to 1 against a card by night.
    "--fedsm-focus": "var(--mantine-color-petrol-4)",
    "--mantine-color-dimmed": "#a6a7ab",
    "--mantine-color-placeholder": "#9c9ea3",
    "--mantine-color-error": "#ff8787",
  },
});
