/** With more sites than this, a matrix takes the whole width, and names stand upright above it. */
export const MANY_SITES = 9;
