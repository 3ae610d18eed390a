/** Stored values of an image as people read them: three digits of the range, whether it ends at 1 or at 4095. */

const SIGNIFICANT = 3;

/** Behind the point. */
export function intensityDigits(span: number): number {
  return span > 0 ? Math.max(0, SIGNIFICANT - 1 - Math.floor(Math.log10(span))) : 0;
}

export function formatIntensity(value: number, span: number): string {
  return value.toFixed(intensityDigits(span));
}
