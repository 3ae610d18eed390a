/** Inter comes with the application: every reader sees the same widths. Charts are canvas and need its name, too. */
export const FONT_FAMILY =
  '"Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
