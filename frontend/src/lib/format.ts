/** Numbers, sizes and times as people read them. */

/** A Dice score with three digits, or a dash for a structure that was in neither mask. */
export function formatDice(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}

export function formatPercent(share: number | null | undefined, digits = 0): string {
  return share === null || share === undefined ? "–" : `${(share * 100).toFixed(digits)} %`;
}

/** `1,320`; below ten with one digit after the point where there is a rest. */
export function formatCount(count: number | null | undefined): string {
  if (count === null || count === undefined) return "–";
  const digits = count < 10 && !Number.isInteger(count) ? 1 : 0;
  return count.toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function formatSeconds(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** `3 min ago`, as of `now` in milliseconds. */
export function formatAgo(iso: string | null | undefined, now: number): string {
  if (!iso) return "never";
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 5) return "just now";
  return seconds < 10 ? `${Math.round(seconds)} s ago` : `${formatSeconds(seconds)} ago`;
}

export function formatTime(iso: string): string {
  return new Date(iso).toLocaleTimeString(undefined, { hour12: false });
}

export function formatDateTime(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A text in which an interval and the number before it stay on one line: `+0.080 [+0.064, +0.102]`. */
export function unbroken(text: string): string {
  return text.replace(/(?:\S )?\[[^[\]]*\d[^[\]]*\]/g, (interval) => interval.replaceAll(" ", "\u00a0"));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `local_epochs` as `Local epochs`. */
export function humanize(name: string): string {
  const words = name.replace(/_+$/, "").replace(/^num_/, "number of ").replaceAll("_", " ").replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** With a capital and a full stop, as the backend's messages have neither. */
export function asSentence(text: string): string {
  const start = upperFirst(text.trim());
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

/** An area or a volume: whole numbers where they are large, else three digits that count. */
export function formatSize(size: number): string {
  return size >= 100 ? Math.round(size).toLocaleString("en") : String(Number(size.toPrecision(3)));
}

/** `−31 %` of what was expected; a dash where nothing was. */
export function formatPercentDifference(found: number, expected: number): string {
  if (expected === 0) return "–";
  const percent = Math.round((100 * (found - expected)) / expected);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : ""}${Math.abs(percent)} %`;
}

/** `14:05`, with the day where it is another one than now. */
export function clockTime(at: number, now: number): string {
  const day = (ms: number) => new Date(ms).toDateString();
  const time = new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
  if (day(at) === day(now)) return time;
  return `${new Date(at).toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short" })} ${time}`;
}
