/** Views are drawn once a frame, whatever has changed in it: a new case changes image, plane, window and slice at once, and
 * without a graphics card each drawing holds up the page. */

const due = new Set<() => void>();
let isPlanned = false;

/** Draws with the next frame. Asked for while that frame is drawn, it is drawn in it: linked views move together. */
export function drawWithFrame(draw: () => void): void {
  due.add(draw);
  plan();
}

/** What was drawn by itself, or is gone, is not due any more. */
export function forgetDrawing(draw: () => void): void {
  due.delete(draw);
}

function plan(): void {
  if (isPlanned || due.size === 0) return;
  isPlanned = true;
  requestAnimationFrame(drawDue);
}

function drawDue(): void {
  try {
    for (const draw of due) {
      due.delete(draw);
      draw();
    }
  } finally {
    isPlanned = false;
    plan(); // one that failed keeps the others from this frame alone
  }
}
