/** Binds keys of lib/shortcuts.ts while a page shows them, and remembers which are bound, for the overlay. */

import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { type GroupName, mayAct, type ShortcutName, shortcutOf } from "@/lib/shortcuts";

/** Each function receives the key that was pressed, because a shortcut may have several. */
export type Handlers<Group extends GroupName> = Record<ShortcutName<Group>, (key: string) => void>;

/** `active` is false while there is nothing to act on: then the keys do nothing and are not listed. */
export function useShortcuts<Group extends GroupName>(group: Group, handlers: Handlers<Group>, active = true): void {
  useListedShortcuts(group, active);
  const act = useEffectEvent((event: KeyboardEvent) => {
    const found = shortcutOf(group, event);
    if (!found || event.defaultPrevented || event.isComposing || !(event.target instanceof Element)) return;
    if (!mayAct(found.key, event.target, group, singleKeysAct())) return;
    event.preventDefault();
    handlers[found.name as ShortcutName<Group>](found.key);
  });
  useEffect(() => {
    if (!active) return;
    const listener = (event: KeyboardEvent) => act(event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, [active]);
}

/** Lists the keys without binding them: what acts where the focus is binds its own. */
export function useListedShortcuts(group: GroupName, active = true): void {
  useEffect(() => {
    if (!active) return;
    change(group, 1);
    return () => change(group, -1);
  }, [group, active]);
}

const numBound = new Map<GroupName, number>();
const listeners = new Set<() => void>();
let bound: readonly GroupName[] = [];

function change(group: GroupName, by: number): void {
  numBound.set(group, (numBound.get(group) ?? 0) + by);
  bound = [...numBound].filter(([, count]) => count > 0).map(([name]) => name);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The groups of what is on screen. */
export function useBoundGroups(): readonly GroupName[] {
  return useSyncExternalStore(subscribe, () => bound);
}

/** The browser's storage key for whether letters alone act. */
export const SINGLE_KEYS = "fedsm-single-keys";

function singleKeysAct(): boolean {
  return window.localStorage.getItem(SINGLE_KEYS) !== "false";
}
