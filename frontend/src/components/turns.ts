/** Parts of a page that are drawn one after the other, so that none holds up the pointer for as long as all of them. */

const AGAIN_MS = 50;
/** Without requestIdleCallback, which Safari lacks. */
const SOON_MS = 20;

const waiting: (() => void)[] = [];
let isPlanned = false;
let isHeld = () => false;

/** No part's turn comes while this is true: what is in the window is still being asked for. */
export function holdTurns(hold: () => boolean): void {
  isHeld = hold;
}

/** Draws when the browser has nothing else to do and all that came before is drawn. Gives what leaves the queue. */
export function waitForTurn(draw: () => void): () => void {
  waiting.push(draw);
  plan();
  return () => {
    const place = waiting.indexOf(draw);
    if (place >= 0) waiting.splice(place, 1);
  };
}

function plan(): void {
  if (isPlanned || waiting.length === 0) return;
  isPlanned = true;
  if (isHeld()) setTimeout(next, AGAIN_MS);
  else if (window.requestIdleCallback) window.requestIdleCallback(next);
  else setTimeout(next, SOON_MS);
}

function next(): void {
  isPlanned = false;
  if (!isHeld()) waiting.shift()?.();
  plan();
}
