/**
 * Every key that the application listens to, once: pages bind from here and the overlay lists from here, so that the
 * list cannot be out of date. Keys have the names of `KeyboardEvent.key`; `mod+` is Ctrl, or Command on a Mac.
 */

export interface Shortcut {
  keys: readonly string[];
  /** What it does, as an order. */
  does: string;
}

interface ShortcutGroup {
  title: string;
  /** Also while a dialog is open, which takes the keys of the page behind it. */
  inDialog?: boolean;
  shortcuts: Readonly<Record<string, Shortcut>>;
}

export const SHORTCUTS = {
  everywhere: {
    title: "Everywhere",
    inDialog: true,
    shortcuts: {
      palette: { keys: ["mod+k"], does: "Go to a page, an experiment, or a section of the help" },
      help: { keys: ["?"], does: "Show or close this list" },
    },
  },
  dialogs: {
    title: "Dialogs, drawers and menus",
    shortcuts: { close: { keys: ["Escape"], does: "Close" } },
  },
  setup: {
    title: "New experiment",
    shortcuts: { next: { keys: ["mod+Enter"], does: "Go to the next step" } },
  },
  lanes: {
    title: "Sites and rounds, with a cell in focus",
    shortcuts: {
      cell: { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], does: "Go to the next cell" },
      tenRounds: { keys: ["PageUp", "PageDown"], does: "Go ten rounds back or on" },
      ends: { keys: ["Home", "End"], does: "Go to the first or the current round" },
      open: { keys: ["Enter"], does: "Open the cell's details" },
    },
  },
  cells: {
    title: "Tables of scores, with a cell in focus",
    shortcuts: { cell: { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], does: "Go to the next cell" } },
  },
  caseZoom: {
    title: "A case of a data set",
    inDialog: true,
    shortcuts: { go: { keys: ["ArrowLeft", "ArrowRight"], does: "Show the previous or the next case" } },
  },
  caseList: {
    title: "Cases",
    shortcuts: {
      next: { keys: ["j"], does: "Show the next case" },
      previous: { keys: ["k"], does: "Show the previous case" },
    },
  },
  casePicture: {
    title: "Views of a case",
    shortcuts: {
      views: { keys: ["1", "2", "4"], does: "Show one, two or four views" },
      masks: { keys: ["x"], does: "Hide or show all masks" },
      outline: { keys: ["o"], does: "Fill or outline the prediction" },
      round: { keys: ["[", "]"], does: "Show an earlier or a later round" },
      fullscreen: { keys: ["f"], does: "Fill the screen, or leave it" },
      picture: { keys: ["p"], does: "Save the views as a picture" },
    },
  },
  view: {
    title: "Where a view looks",
    shortcuts: {
      zoom: { keys: ["+", "-"], does: "Zoom in or out" },
      move: {
        keys: ["shift+ArrowLeft", "shift+ArrowRight", "shift+ArrowUp", "shift+ArrowDown"],
        does: "Look further to a side; turn a 3D view",
      },
      all: { keys: ["0"], does: "Show all of it again" },
      measure: { keys: ["m"], does: "Measure lengths by dragging, or stop and remove the lines" },
    },
  },
  volume: {
    title: "Slices of a volume",
    shortcuts: {
      slice: { keys: ["ArrowUp", "ArrowDown"], does: "Go to the next or the previous slice" },
      fiveSlices: { keys: ["PageUp", "PageDown"], does: "Go five slices on or back" },
      ends: { keys: ["Home", "End"], does: "Go to the first or the last slice" },
      worst: { keys: ["e"], does: "Go to the largest error" },
      window: { keys: ["w"], does: "Take the next window" },
    },
  },
} as const satisfies Readonly<Record<string, ShortcutGroup>>;

export type GroupName = keyof typeof SHORTCUTS;
export type ShortcutName<Group extends GroupName> = keyof (typeof SHORTCUTS)[Group]["shortcuts"];
/** A key of one shortcut of the group. */
export type KeyOf<
  Group extends GroupName,
  Name extends ShortcutName<Group> = ShortcutName<Group>,
> = (typeof SHORTCUTS)[Group]["shortcuts"][Name] extends { keys: readonly (infer Key)[] } ? Key : never;

export function groupOf(name: GroupName): ShortcutGroup {
  return SHORTCUTS[name];
}

/** What a key press says of itself; a `KeyboardEvent` is one. */
export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const MOD = "mod+";
const SHIFT = "shift+";

/** Signs as `?` and `[` need Shift or AltGr on some keyboards; a letter means the same with Caps Lock. */
export function pressed(press: Press, key: string): boolean {
  const needsMod = key.startsWith(MOD);
  const needsShift = key.startsWith(SHIFT);
  const plain = key.slice(needsMod ? MOD.length : needsShift ? SHIFT.length : 0);
  const mod = press.ctrlKey || press.metaKey;
  if (isSign(plain)) return !needsMod && press.key === plain && (!mod || press.altKey);
  if (press.shiftKey !== needsShift || press.altKey || mod !== needsMod) return false;
  return plain.length === 1 ? press.key.toLowerCase() === plain : press.key === plain;
}

function isSign(key: string): boolean {
  return key.length === 1 && !/[\p{L}\p{N}]/u.test(key);
}

/** The name and key of the group that was pressed. */
export function shortcutOf(group: GroupName, press: Press): { name: string; key: string } | undefined {
  for (const [name, { keys }] of Object.entries(groupOf(group).shortcuts)) {
    const key = keys.find((entry) => pressed(press, entry));
    if (key) return { name, key };
  }
  return undefined;
}

const TEXT_FIELDS =
  "textarea, select, [contenteditable='true'], input:not([type=radio], [type=checkbox], [type=range])";
/** These move by the same keys themselves. */
const MOVING =
  "input[type=radio], input[type=range], [role=slider], [role=tab], [role=menu], [role=listbox], [role=grid]";
const DIALOG = "[role=dialog][aria-modal=true]";

/**
 * Whether a key may act where the focus is: a text field takes all keys but those with Ctrl, a slider or a choice takes
 * the arrows, an open dialog takes what is not its own. A letter alone does nothing where the reader has switched that
 * off (WCAG 2.1.4).
 */
export function mayAct(key: string, target: Element, group: GroupName, singleKeys: boolean): boolean {
  if (!groupOf(group).inDialog && target.ownerDocument.querySelector(DIALOG)) return false;
  if (key.startsWith(MOD)) return true;
  if (target.closest(TEXT_FIELDS)) return false;
  return key.length === 1 ? singleKeys : !target.closest(MOVING);
}

const KEY_WORDS: Readonly<Record<string, string>> = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  PageUp: "Page up",
  PageDown: "Page down",
  Escape: "Esc",
};

/** `mod+Enter` as the words on its keys. */
export function keyWords(key: string, mac: boolean): string[] {
  if (key.startsWith(MOD)) return [mac ? "⌘" : "Ctrl", ...keyWords(key.slice(MOD.length), mac)];
  if (key.startsWith(SHIFT)) return ["Shift", ...keyWords(key.slice(SHIFT.length), mac)];
  return [KEY_WORDS[key] ?? (key.length === 1 ? key.toUpperCase() : key)];
}
