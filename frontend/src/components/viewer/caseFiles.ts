/** The files of cases: each is fetched once, also where several views and what is prepared for the next case want it. */

import { type ErrorCounts, errorCounts, errorParts } from "./errorMap";
import { type MaskVolume, mostDifferentSlice } from "./maskVolume";
import { gunzip, parseMask } from "./nifti";
import { structureSizes } from "./structureSizes";

/** A dozen volumes of 256 x 256 x 32; fundus pictures by the hundred. */
const KEPT_BYTES = 192e6;

interface Entry {
  file: Promise<ArrayBuffer>;
  /** 0 while it is under way. */
  bytes: number;
  /** Who waits for it: when nobody does any more, it is given up. */
  waiting: number;
  abort: AbortController;
}

const entries = new Map<string, Entry>();
const masks = new WeakMap<ArrayBuffer, MaskVolume>();

/** The decompressed file. An aborted signal rejects, and stops the download if no one else waits for it. */
export async function caseFile(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  signal.throwIfAborted();
  const entry = entries.get(url) ?? begin(url);
  // The last used stay longest.
  entries.delete(url);
  entries.set(url, entry);
  entry.waiting += 1;
  const leave = () => {
    entry.waiting -= 1;
    if (entry.waiting > 0 || entry.bytes > 0) return;
    if (entries.get(url) === entry) entries.delete(url);
    entry.abort.abort();
  };
  return await new Promise((resolve, reject) => {
    const stop = () => {
      leave();
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    entry.file.then(resolve, reject).finally(() => {
      if (signal.aborted) return;
      signal.removeEventListener("abort", stop);
      entry.waiting -= 1;
    });
  });
}

export async function caseMask(url: string, signal: AbortSignal): Promise<MaskVolume> {
  const file = await caseFile(url, signal);
  const mask = masks.get(file) ?? parseMask(file);
  masks.set(file, mask);
  return mask;
}

function begin(url: string): Entry {
  const abort = new AbortController();
  const entry: Entry = { file: download(url, abort.signal), bytes: 0, waiting: 0, abort };
  entry.file.then(
    (file) => {
      entry.bytes = Math.max(1, file.byteLength);
      forgetOldest();
    },
    () => {
      if (entries.get(url) === entry) entries.delete(url); // the next one who asks tries again
    },
  );
  return entry;
}

function forgetOldest() {
  let total = 0;
  for (const entry of entries.values()) total += entry.bytes;
  for (const [url, entry] of entries) {
    if (total <= KEPT_BYTES || entries.size === 1) return;
    if (entry.bytes === 0) continue;
    entries.delete(url);
    total -= entry.bytes;
  }
}

async function download(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(url, { credentials: "same-origin", signal });
  if (!response.ok) throw new Error(refusal(response.status));
  return await gunzip(await response.arrayBuffer());
}

function refusal(status: number): string {
  if (status === 401) return "You are signed out: sign in again, then come back to this address.";
  if (status === 403) {
    return "The site's policy does not let this file leave. Its scores are on the right; a site manager can change the policy.";
  }
  if (status === 404 || status === 410) {
    return "A file of this case is no longer on the server (404). Evaluate the run again to write its images and masks anew.";
  }
  return `The backend answered ${status} for a file of this case. Reload the page; if that does not help, evaluate the run again.`;
}

/** The axial slice in which two masks differ most, by voxels of the structures; undefined where nowhere. */
export async function worstSlice(
  referenceUrl: string,
  predictionUrl: string,
  structures: readonly number[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const [reference, prediction] = await bothMasks(referenceUrl, predictionUrl, signal);
  return mostDifferentSlice(reference, prediction, structures);
}

/** How many voxels of the structures agree, are too many, are missed. */
export async function countErrors(
  referenceUrl: string,
  predictionUrl: string,
  structures: readonly number[],
  signal: AbortSignal,
): Promise<ErrorCounts> {
  const [reference, prediction] = await bothMasks(referenceUrl, predictionUrl, signal);
  return errorCounts(errorParts(reference, prediction, structures));
}

/** How large the first structures are in both masks. */
export async function measure(referenceUrl: string, predictionUrl: string, count: number, signal: AbortSignal) {
  const [reference, prediction] = await bothMasks(referenceUrl, predictionUrl, signal);
  const structures = Array.from({ length: count }, (_, index) => index);
  return {
    isVolume: reference.depth > 1,
    reference: structureSizes(reference, structures),
    prediction: structureSizes(prediction, structures),
  };
}

async function bothMasks(one: string, other: string, signal: AbortSignal): Promise<[MaskVolume, MaskVolume]> {
  return await Promise.all([caseMask(one, signal), caseMask(other, signal)]);
}
